import { createHash } from 'node:crypto';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import sharp from 'sharp';
import { z } from 'zod';
import type { LoopSpec } from '../../loop/spec.ts';
import { KEY_HEADER } from '../../vision/contract.ts';
import { type HistoryFacts, readHistory } from './history.ts';
import { bounded, persist, type RunningLoop } from './loops.ts';
import type { Tended } from './operator.ts';
import type { Told } from './people.ts';
import type { RecordedRequest } from './request-log.ts';
import type { Stage } from './stage.ts';

const LedgerLineSchema = z.looseObject({ model: z.string(), status: z.string(), billedMinutes: z.number() });
export type LedgerLine = z.infer<typeof LedgerLineSchema>;

/** What is left of one loop, read from outside. */
export interface LoopEvidence {
  name: string;
  spec: LoopSpec;
  /** Temporal's word for how it ended. */
  status: string;
  tended: Tended;
  /** As Temporal's commands write it. */
  historyJson: string;
  history: HistoryFacts;
  /** Every file of its folder, by its path in it. */
  files: ReadonlyMap<string, Buffer>;
  /** SHA-256 of the decoded pixels of every image file, by its path. */
  pixels: ReadonlyMap<string, string>;
  told: readonly Told[];
}

/** Everything that the checks look at. */
export interface Evidence {
  loops: readonly LoopEvidence[];
  /** Whether the service's database was put back: then it has forgotten what it accepted. */
  restored: boolean;
  requests: readonly RecordedRequest[];
  ledger: readonly LedgerLine[];
  /** What every process wrote during the run. */
  logs: readonly { name: string; text: string }[];
  secrets: readonly string[];
}

/** Sizes of the logs before a run, so that only what it wrote is looked at. */
export async function logSizes({ logs, home }: Pick<Stage, 'logs' | 'home'>): Promise<Map<string, number>> {
  const paths = (await Promise.all([logs, join(home, 'logs')].map(filesBelow))).flat();
  return new Map(await Promise.all(paths.map(async (path) => [path, (await stat(path)).size] as const)));
}

/** What the processes wrote since. */
export async function logsSince(
  stage: Pick<Stage, 'logs' | 'home'>,
  before: ReadonlyMap<string, number>,
): Promise<Evidence['logs']> {
  const now = await logSizes(stage);
  return Promise.all(
    [...now].map(async ([path, size]) => {
      const from = before.get(path) ?? 0;
      const file = await open(path);
      const { buffer } = await file.read({ buffer: Buffer.alloc(Math.max(0, size - from)), position: from });
      await file.close();
      return { name: relative(stage.logs, path).replaceAll(/[/.]+/g, '-'), text: buffer.toString('utf8') };
    }),
  );
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Reads everything about a loop that has ended, or does not end. */
export async function evidenceOf(
  stage: Stage,
  loop: RunningLoop,
  more: { tended: Tended; told: Told[] },
): Promise<LoopEvidence> {
  const history = await persist(() => bounded(stage, () => loop.handle.fetchHistory(), 15_000));
  const historyJson = history ? historyToJSON(history) : '{"events":[]}';
  const files = new Map<string, Buffer>();
  for (const path of await filesBelow(loop.folder.path))
    files.set(relative(loop.folder.path, path), await readFile(path));
  const pixels = new Map<string, string>();
  for (const [path, bytes] of files) if (IMAGE.test(path)) pixels.set(path, await pixelsOf(bytes));
  const { name } = loop.spec;
  const { tended, told } = more;
  return {
    name,
    spec: loop.spec,
    status: tended.status,
    tended,
    told,
    historyJson,
    history: readHistory(historyJson),
    files,
    pixels,
  };
}

const IMAGE = /^(images|evaluation\/images)\/[^./][^/]*$/;

/** Decoded by the harness itself: nothing is taken over from what the loop wrote down. */
async function pixelsOf(bytes: Buffer): Promise<string> {
  const { data, info } = await sharp(bytes).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  return createHash('sha256').update(`${info.width}x${info.height}`).update(data).digest('hex');
}

const LedgerPage = z.object({ value: z.array(LedgerLineSchema), nextLink: z.string().optional() });

/** What the vision service billed to some loops. */
export async function ledgerOf({ direct }: Pick<Stage, 'direct'>, loops: readonly string[]): Promise<LedgerLine[]> {
  const lines: LedgerLine[] = [];
  let next: string | undefined = `${direct.url}/ledger`;
  while (next) {
    const page: z.infer<typeof LedgerPage> = await readPage(next, direct.key);
    lines.push(...page.value);
    next = page.nextLink;
  }
  return lines.filter(({ model }) => loops.some((loop) => model.startsWith(`${loop}-r`)));
}

async function readPage(url: string, key: string): Promise<z.infer<typeof LedgerPage>> {
  const read = async () => LedgerPage.parse(await (await fetch(url, { headers: { [KEY_HEADER]: key } })).json());
  return (await persist(read)) ?? { value: [] };
}
