/** Hands the files of a folder in by one of the three ways, and tells what became of them and the memory it took. */
import { collectorFor } from '../../collect/collectors.ts';
import { copyBatch } from '../../collect/submit.ts';
import { checkListing } from '../../data/checks.ts';
import { readListing } from '../../data/listing.ts';
import type { Finding } from '../../loop/finding.ts';
import { peopleContext, poolContext } from '../collect/fixtures.ts';
import { QUOTAS } from '../data/fixtures.ts';

/** What the child prints. */
export interface HandedIn {
  findings: Finding[];
  /** Images that were taken. */
  taken: number;
  /** Most memory of the process, megabytes. */
  megabytes: number;
}

const quotas = { ...QUOTAS, maxImageBytes: 20_000_000, maxSide: 16_000 };
const classes = ['cat', 'dog'];

const WAYS: Record<string, (folder: string) => Promise<Omit<HandedIn, 'megabytes'>>> = {
  submit: async (folder) => {
    const { images, findings } = await copyBatch((await peopleContext(classes)).folder, folder, { classes });
    return { taken: images, findings };
  },
  evaluation: async (folder) => {
    const { images, findings } = await checkListing(await readListing(folder), { purpose: 'evaluation', quotas });
    return { taken: images.length, findings };
  },
  pool: async (folder) => {
    const ctx = { ...(await poolContext(folder)), quotas, classes };
    const collector = collectorFor(ctx.spec);
    const { findings } = await collector.prepare(ctx);
    const drawn = await collector.collect(ctx, { round: 1, need: { cat: 99, dog: 99 }, admissions: 0 });
    return { taken: drawn.images, findings: [...findings, ...drawn.findings] };
  },
};

const [way = '', folder = ''] = process.argv.slice(2);
const found = await WAYS[way]?.(folder);
process.stdout.write(JSON.stringify({ ...found, megabytes: process.resourceUsage().maxRSS / 1024 }));
