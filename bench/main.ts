import { parseArgs } from 'node:util';
import { measureDeciding } from './deciding.ts';
import { measureDetector } from './detector.ts';
import { measureEmbedding } from './embedding.ts';
import { measureEncryption } from './encryption.ts';
import { measureFewShot } from './few-shot.ts';
import { createGround, type Ground } from './ground.ts';
import { measureHeads } from './heads.ts';
import { machine } from './machine.ts';
import { measureOverhead } from './overhead.ts';
import { measureRecovery } from './recovery.ts';
import { measureResponsiveness } from './responsiveness.ts';
import { measureService } from './service.ts';
import { type Row, renderTable } from './table.ts';
import { measureTenThousand } from './ten-thousand.ts';
import { measureThousand } from './thousand.ts';
import { measureThroughput } from './throughput.ts';
import { measureUpdates } from './updates.ts';
import { measureVerify } from './verify.ts';
import { measureWaiting } from './waiting.ts';

const LONG_S = 20;
const VERY_LONG_S = 600;

const { values } = parseArgs({
  options: { long: { type: 'boolean', default: false }, only: { type: 'string', multiple: true } },
});

const SECTIONS: Record<string, (ground: Ground) => Promise<Row[]>> = {
  overhead: measureOverhead,
  deciding: measureDeciding,
  updates: measureUpdates,
  waiting: (ground) => measureWaiting(ground, values.long ? VERY_LONG_S : LONG_S),
  throughput: measureThroughput,
  thousand: measureThousand,
  recovery: measureRecovery,
  encryption: measureEncryption,
  service: measureService,
  responsiveness: measureResponsiveness,
  embedding: measureEmbedding,
  'ten-thousand': measureTenThousand,
  heads: measureHeads,
  'few-shot': measureFewShot,
  detector: measureDetector,
  verify: measureVerify,
};

/** `npm run bench -- [--long] [--only SECTION]…`: one table on stdout, progress on stderr; ends with 1 when a target is missed. */
async function main(): Promise<void> {
  const wanted = values.only ?? Object.keys(SECTIONS);
  const ground = await createGround((line) => process.stderr.write(`${line}\n`));
  try {
    const rows: Row[] = [];
    for (const name of wanted) rows.push(...(await sectionOf(name)(ground)));
    process.stdout.write(`${machine()}\n\n${renderTable(rows)}`);
    if (rows.some(({ met }) => met === false)) process.exitCode = 1;
  } finally {
    await ground.close();
  }
}

function sectionOf(name: string): (ground: Ground) => Promise<Row[]> {
  const section = SECTIONS[name];
  if (section) return section;
  throw new Error(`There is no section ${name}; there are: ${Object.keys(SECTIONS).join(', ')}`);
}

// Children are ended with this process. Temporal's runtime would take SIGTERM for itself.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
await main();
