import { checkClassNames } from '../data/class-names.ts';
import { mapAtOnce } from '../data/concurrency.ts';
import type { LoopFolder } from '../data/loop-folder.ts';
import { countPerClass } from '../data/set-checks.ts';
import type { ClassCounts, RoundDraw, StoredImage } from '../loop/round.ts';
import { type AdmittedImage, readAdmissions } from './admission-file.ts';
import type { CollectContext, Collector, CollectRequest, CollectResult, PrepareResult } from './collector.ts';
import { commitDraw, drawnImages, drawResult, readDraw, readDrawsSoFar } from './draw-file.ts';
import { drawGreedily } from './greedy-draw.ts';
import { drawsBefore, withSeed } from './seed.ts';
import { surplusOf } from './surplus.ts';

const AT_ONCE = 4;

/** Draws from the batches that people handed in and that were admitted. */
export const peopleCollector: Collector = { prepare, collect, remaining: async () => null };

async function prepare(ctx: CollectContext): Promise<PrepareResult> {
  await ctx.folder.mustExist();
  const classes = ctx.spec.classes ?? ctx.classes;
  return { classes, available: null, findings: checkClassNames(classes) };
}

async function collect(ctx: CollectContext, request: CollectRequest): Promise<CollectResult> {
  const { folder, classes } = ctx;
  await folder.mustExist();
  if (!(await readDraw(folder, request.round))) {
    const earlier = await drawsBefore(folder, request.round);
    const waiting = await notDrawn(folder, request.admissions, earlier);
    await commitDraw(folder, withSeed(await drawWaiting(ctx, request, { waiting, earlier }), earlier));
  }
  return drawResult(folder, request.round, classes);
}

/**
 * Images per class that admissions 1…`admissions` accepted and no round has drawn yet; classes with none are absent.
 * @throws FolderConflictError when one of the admissions is missing.
 */
export async function waitingImages(folder: LoopFolder, admissions: number): Promise<ClassCounts> {
  await folder.mustExist();
  return countPerClass(await notDrawn(folder, admissions, await readDrawsSoFar(folder)), []);
}

async function notDrawn(folder: LoopFolder, admissions: number, draws: readonly RoundDraw[]): Promise<AdmittedImage[]> {
  const drawn = new Set(drawnImages(draws).map((image) => image.sha256));
  const admitted = (await readAdmissions(folder, admissions)).flatMap((admission) => admission.images);
  return admitted.filter((image) => !drawn.has(image.sha256));
}

/** First come, first drawn, up to what is needed; what no class needs waits for the next round. */
async function drawWaiting(
  ctx: CollectContext,
  request: CollectRequest,
  { waiting, earlier }: { waiting: readonly AdmittedImage[]; earlier: readonly RoundDraw[] },
): Promise<RoundDraw> {
  const { need, room = Number.POSITIVE_INFINITY } = request;
  const chosen: AdmittedImage[] = [];
  const take = async (image: AdmittedImage) => chosen.push(image) > 0;
  const { short } = await drawGreedily({ images: waiting, need, room, take });
  const images = await storeAll(ctx, chosen);
  const { round } = request;
  const drawn: RoundDraw = { schemaVersion: 1, round, images, short, exhausted: false, findings: [], passedOver: [] };
  if (ctx.spec.task !== 'detection') return drawn;
  return { ...drawn, ...surplusOf({ owned: drawnImages(earlier), images, need }) };
}

async function storeAll(ctx: CollectContext, chosen: readonly AdmittedImage[]): Promise<StoredImage[]> {
  let done = 0;
  return mapAtOnce(chosen, AT_ONCE, async ({ source: _source, ...image }) => {
    ctx.signal?.throwIfAborted();
    const ext = image.file.slice(image.file.lastIndexOf('.') + 1);
    await ctx.folder.storeImage(ctx.folder.resolve(`inbox/${image.file}`), { sha256: image.sha256, ext });
    done += 1;
    ctx.heartbeat(`stored ${done} of ${chosen.length} images`);
    return image;
  });
}
