import { mapAtOnce } from '../data/concurrency.ts';
import { ChecksFailedError } from '../data/errors.ts';
import { readEvaluationSet } from '../data/evaluation-set.ts';
import { sha256Of } from '../data/hash.ts';
import { compareText } from '../data/json.ts';
import { countPerClass } from '../data/set-checks.ts';
import { groupOf } from '../data/stored-image.ts';
import type { Finding } from '../loop/finding.ts';
import type { ClassCounts, RoundDraw, StoredImage } from '../loop/round.ts';
import { type Candidate, type Entry, Known, type Opened, openEntry } from './candidates.ts';
import type { CollectContext, CollectRequest } from './collector.ts';
import { drawnImages } from './draw-file.ts';
import type { PoolEntry } from './pool-entry.ts';
import { type Pool, requireImages } from './pool-file.ts';
import { shareOut } from './share-out.ts';

/** Images are opened, and stored, this many at a time. */
const AT_ONCE = 2;

/** Problems that may pass, so that a later round looks at the image again. */
const PASSING = ['image-unreadable', 'image-changed'];

interface Drawing {
  ctx: CollectContext;
  known: Known;
  /** Images still to be looked at, per class, in the order of drawing. */
  queues: Map<string, PoolEntry[]>;
  taken: Candidate[];
  findings: Finding[];
  /** SHA-256 of images that can never be taken. */
  passedOver: string[];
}

/**
 * Draws a round's images from the frozen pool and stores them: per class in the order of `drawOrder`, without what
 * earlier rounds took. Only images that are drawn are opened, so the cost grows with what is asked. An image that
 * turns out to be unusable is passed over with a finding, and the next one is taken.
 * @throws SourceUnreadableError when not one image of the pool can be opened any more; DiskFullError.
 */
export async function drawFromPool(
  ctx: CollectContext,
  input: { pool: Pool; earlier: readonly RoundDraw[]; request: CollectRequest },
): Promise<RoundDraw> {
  const { pool, earlier, request } = input;
  const owned = drawnImages(earlier);
  const known = new Known(owned, await readEvaluationSet(ctx.folder));
  const queues = queuesOf(ctx, pool, earlier);
  const drawing: Drawing = { ctx, known, queues, taken: [], findings: [], passedOver: [] };
  const asked = Object.entries(request.need).filter(([, count]) => count > 0);
  const short: ClassCounts = {};
  for (const [name, count] of asked) {
    const got = await take(drawing, name, count);
    if (got < count) short[name] = count - got;
  }
  await giveShares(drawing, { owned, short, classes: pool.classes, asked: asked.map(([name]) => name) });
  if (drawing.taken.length === 0 && drawing.findings.length > 0) await requireImages(pool);
  requireMinimum(drawing, { owned, short });
  return {
    schemaVersion: 1,
    round: request.round,
    images: await storeAll(ctx, drawing.taken),
    short,
    exhausted: asked.every(([name]) => (drawing.queues.get(name)?.length ?? 0) === 0),
    findings: drawing.findings,
    passedOver: drawing.passedOver.sort(compareText),
  };
}

/**
 * A draw is written once, so one that could never be trained on is refused instead: mended images can then be drawn.
 * @throws ChecksFailedError naming every class that ran out too early and the images that were passed over.
 */
function requireMinimum(
  { ctx, taken, findings }: Drawing,
  { owned, short }: { owned: readonly StoredImage[]; short: ClassCounts },
): void {
  const counts = countPerClass([...owned, ...taken], Object.keys(short));
  const least = ctx.quotas.minImagesPerClass;
  const small = Object.entries(counts).filter(([name, count]) => name in short && count < least);
  if (small.length === 0) return;
  const errors = small.map(
    ([name, count]): Finding => ({
      severity: 'error',
      code: 'class-too-small',
      where: name,
      message: `only ${count} images of class ${name} can be used; the service needs ${least}`,
      fix: 'Mend or replace the images named beside this, under the names they have.',
    }),
  );
  throw new ChecksFailedError([...errors, ...findings.map((finding) => ({ ...finding, severity: 'error' as const }))]);
}

/** Orders images by SHA-256 of `seed:image hash`: a fixed shuffle that no file name or listing order changes. */
export function drawOrder<T extends { sha256: string }>(images: readonly T[], seed: number): T[] {
  const keyed = images.map((image) => ({ image, key: sha256Of(`${seed}:${image.sha256}`) }));
  return keyed.sort((a, b) => compareText(a.key, b.key)).map(({ image }) => image);
}

function queuesOf(ctx: CollectContext, pool: Pool, earlier: readonly RoundDraw[]): Map<string, PoolEntry[]> {
  const gone = new Set(earlier.flatMap((draw) => [...draw.images.map((image) => image.sha256), ...draw.passedOver]));
  const rest = pool.images.filter((entry) => !gone.has(entry.sha256));
  return new Map(
    pool.classes.map((name) => [
      name,
      drawOrder(
        rest.filter((entry) => entry.className === name),
        ctx.spec.seed,
      ),
    ]),
  );
}

async function take(drawing: Drawing, name: string, count: number): Promise<number> {
  const { ctx, queues } = drawing;
  const queue = queues.get(name) ?? [];
  let got = 0;
  while (got < count && queue.length > 0) {
    const opened = await mapAtOnce(queue.splice(0, count - got), AT_ONCE, async (entry) => {
      ctx.signal?.throwIfAborted();
      ctx.heartbeat(`opening images of the pool for ${name}`);
      return openEntry(entry, ctx.quotas);
    });
    got += opened.filter((each) => keep(drawing, each)).length;
  }
  return got;
}

function keep(drawing: Drawing, opened: Opened): boolean {
  const problem = 'image' in opened ? drawing.known.admit(opened.image) : opened.finding;
  if (problem === undefined && 'image' in opened) {
    drawing.taken.push(opened.image);
    return true;
  }
  if (problem) passOver(drawing, opened.entry, problem);
  return false;
}

function passOver(drawing: Drawing, entry: Entry, problem: Finding): void {
  drawing.findings.push({ ...problem, severity: 'warning' });
  if (!PASSING.includes(problem.code)) drawing.passedOver.push(entry.sha256);
}

async function giveShares(
  drawing: Drawing,
  round: { owned: readonly StoredImage[]; short: ClassCounts; classes: readonly string[]; asked: string[] },
): Promise<void> {
  let lack = Object.values(round.short).reduce((sum, count) => sum + count, 0);
  while (lack > 0) {
    const have = countPerClass([...round.owned, ...drawing.taken], round.classes);
    const left = Object.fromEntries(round.asked.map((name) => [name, drawing.queues.get(name)?.length ?? 0]));
    const shares = Object.entries(shareOut({ lack, have, left }));
    if (shares.length === 0) return;
    for (const [name, count] of shares) lack -= await take(drawing, name, count);
  }
}

async function storeAll(ctx: CollectContext, taken: readonly Candidate[]): Promise<StoredImage[]> {
  let done = 0;
  return mapAtOnce(taken, AT_ONCE, async (image) => {
    ctx.signal?.throwIfAborted();
    const file = await ctx.folder.storeImage(image.path, image);
    done += 1;
    ctx.heartbeat(`stored ${done} of ${taken.length} images`);
    const { sha256, pixelSha256, className, width, height } = image;
    return { sha256, pixelSha256, file, className, width, height, ...groupOf(image) };
  });
}
