import { mapAtOnce } from '../data/concurrency.ts';
import { ChecksFailedError } from '../data/errors.ts';
import { readEvaluationSet } from '../data/evaluation-set.ts';
import { sha256Of } from '../data/hash.ts';
import { compareText } from '../data/json.ts';
import { countPerClass } from '../data/set-checks.ts';
import { groupOf } from '../data/stored-image.ts';
import type { Finding } from '../loop/finding.ts';
import { classesOf, labelOf } from '../loop/labels.ts';
import type { ClassCounts, RoundDraw, StoredImage } from '../loop/round.ts';
import { type Candidate, type Entry, Known, type Opened, openEntry } from './candidates.ts';
import type { CollectContext, CollectRequest } from './collector.ts';
import { drawnImages } from './draw-file.ts';
import { drawGreedily } from './greedy-draw.ts';
import type { PoolEntry } from './pool-entry.ts';
import { type Pool, requireImages } from './pool-file.ts';
import { shareOut } from './share-out.ts';
import { surplusOf } from './surplus.ts';

/** Images are opened, and stored, this many at a time. */
const AT_ONCE = 2;

/** Problems that may pass, so that a later round looks at the image again. */
const PASSING = ['image-unreadable', 'image-changed'];

interface Drawing {
  ctx: CollectContext;
  known: Known;
  taken: Candidate[];
  findings: Finding[];
  /** SHA-256 of images that can never be taken. */
  passedOver: string[];
}

/** For classification, images still to be looked at per class, in the order of drawing. */
interface ClassDrawing extends Drawing {
  queues: Map<string, PoolEntry[]>;
}

/**
 * Draws a round's images from the frozen pool and stores them: in the order of `drawOrder`, without what earlier rounds
 * took; class by class, or, where an image shows several classes, always for the class furthest below its need. Only
 * images that are drawn are opened, so the cost grows with what is asked. An image that turns out to be unusable is
 * passed over with a finding, and the next one is taken.
 * @throws SourceUnreadableError when not one image of the pool can be opened any more; DiskFullError.
 */
export async function drawFromPool(
  ctx: CollectContext,
  input: { pool: Pool; earlier: readonly RoundDraw[]; request: CollectRequest },
): Promise<RoundDraw> {
  const { pool, earlier, request } = input;
  const owned = drawnImages(earlier);
  const known = new Known(owned, await readEvaluationSet(ctx.folder));
  const drawing: Drawing = { ctx, known, taken: [], findings: [], passedOver: [] };
  const rest = drawOrder(drawable(pool, earlier), ctx.spec.seed);
  const { short, exhausted } =
    ctx.spec.task === 'detection'
      ? await drawBoxed(drawing, request, rest)
      : await drawClasses(drawing, request, { rest, owned, classes: pool.classes });
  if (drawing.taken.length === 0 && drawing.findings.length > 0) await requireImages(pool);
  requireMinimum(drawing, { owned, short });
  const images = await storeAll(ctx, drawing.taken);
  const { findings } = drawing;
  const passedOver = drawing.passedOver.sort(compareText);
  const draw: RoundDraw = { schemaVersion: 1, round: request.round, images, short, exhausted, findings, passedOver };
  if (ctx.spec.task !== 'detection') return draw;
  const beyond = surplusOf({ owned, images, need: request.need });
  return { ...draw, surplus: beyond.surplus, findings: [...findings, ...beyond.findings] };
}

type Ran = Pick<RoundDraw, 'short' | 'exhausted'>;

/** Images of one class each: every class gets its own, and what a class lacks goes to the others. */
async function drawClasses(
  base: Drawing,
  { need }: CollectRequest,
  from: { rest: readonly PoolEntry[]; owned: readonly StoredImage[]; classes: readonly string[] },
): Promise<Ran> {
  const own = (name: string) => from.rest.filter(({ className }) => className === name);
  const drawing = { ...base, queues: new Map(from.classes.map((name) => [name, own(name)])) };
  const asked = Object.entries(need).filter(([, count]) => count > 0);
  const short: ClassCounts = {};
  for (const [name, count] of asked) {
    const got = await take(drawing, name, count);
    if (got < count) short[name] = count - got;
  }
  await giveShares(drawing, { ...from, short });
  // A class that was asked for nothing this time may be asked the next: its images are still to be had.
  return { short, exhausted: [...drawing.queues.values()].every((queue) => queue.length === 0) };
}

/** Images that show several classes: the surplus of the others outweighs the share of a class that ran out. */
function drawBoxed(drawing: Drawing, request: CollectRequest, rest: readonly PoolEntry[]): Promise<Ran> {
  const { need, room = Number.POSITIVE_INFINITY } = request;
  const { ctx } = drawing;
  const open = async (entry: PoolEntry) => {
    ctx.signal?.throwIfAborted();
    ctx.heartbeat(`opening images of the pool, ${drawing.taken.length} taken`);
    return keep(drawing, await openEntry(entry, ctx.quotas));
  };
  return drawGreedily({ images: rest, need, room, take: open });
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

/** What of a pool no draw took or found unusable, and shows something. */
export function drawable(pool: Pool, draws: readonly RoundDraw[]): PoolEntry[] {
  const gone = new Set(draws.flatMap((draw) => [...draw.images.map((image) => image.sha256), ...draw.passedOver]));
  return pool.images.filter((entry) => !gone.has(entry.sha256) && classesOf(entry).length > 0);
}

async function take(drawing: ClassDrawing, name: string, count: number): Promise<number> {
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
  drawing: ClassDrawing,
  round: { owned: readonly StoredImage[]; short: ClassCounts; classes: readonly string[] },
): Promise<void> {
  let lack = Object.values(round.short).reduce((sum, count) => sum + count, 0);
  while (lack > 0) {
    const have = countPerClass([...round.owned, ...drawing.taken], round.classes);
    const left = Object.fromEntries(round.classes.map((name) => [name, drawing.queues.get(name)?.length ?? 0]));
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
    const { sha256, pixelSha256, width, height } = image;
    return { sha256, pixelSha256, file, ...labelOf(image), width, height, ...groupOf(image) };
  });
}
