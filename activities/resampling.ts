import type { LoopFolder } from '../data/loop-folder.ts';
import { type Resampling, resample, summarize } from '../decide/bootstrap.ts';
import { type ImageMatches, matchImage } from '../loop/detection-metric.ts';
import { type DetectionsFile, ResampledFileSchema } from '../loop/files.ts';
import { overlapOf } from '../loop/metrics.ts';
import type { CurvePoint, StoredImage } from '../loop/round.ts';
import type { LoopSpec } from '../loop/spec.ts';
import { roundFile } from './loop-files.ts';
import { attemptOf } from './training.ts';

/** Decimals of a resampled metric: finer than any set can show, and the file stays small. */
const DIGITS = 6;

/**
 * Draws the evaluation images again and again and records the metric of each draw in `rounds/N/resampled-A.json`.
 * @param set the evaluation set in its order, that of the detections
 */
export async function writeResampling(
  folder: LoopFolder,
  where: { round: number; spec: LoopSpec; set: readonly StoredImage[] },
  detections: DetectionsFile,
): Promise<void> {
  const { round, spec, set } = where;
  const matches = matchesOf(set, detections, overlapOf(spec.metric) ?? 0);
  const { seed, values, predicted } = resample(matches, spec.seed);
  const rounded = values.map((value) => Number(value.toFixed(DIGITS)));
  const file = { schemaVersion: 1, model: detections.model, metric: spec.metric, seed, predicted, values: rounded };
  await folder.writeOnce(resampledFile(round, detections.model), `${JSON.stringify(file)}\n`);
}

/**
 * The found boxes of every evaluation image against the true ones; null for an image that was not predicted.
 * @param overlap intersection over union from which a box counts as found, 0–1
 */
function matchesOf(set: readonly StoredImage[], { images }: DetectionsFile, overlap: number): (ImageMatches | null)[] {
  return set.map(({ boxes = [] }, at) => {
    const found = images[at]?.found;
    if (!found) return null;
    const boxesFound = found.map(([label, score, ...box]) => ({ label, score, box }));
    const truths = boxes.map(({ className, box }) => ({ label: className, box }));
    return matchImage(boxesFound, truths, overlap);
  });
}

/** Rounds as points of the curve, each with its interval and its noise against the rounds before, where they were predicted. */
export async function withResampling(
  folder: LoopFolder,
  rounds: readonly Omit<CurvePoint, 'verdicts' | 'resampled'>[],
): Promise<CurvePoint[]> {
  const read = await Promise.all(
    rounds.map(async (each) => ({ ...each, resampling: await readResampling(folder, each) })),
  );
  return read.map(({ resampling, ...point }, at) => ({
    ...point,
    verdicts: null,
    ...(resampling === null ? {} : { resampled: summarize({ metric: point.metric, resampling }, read.slice(0, at)) }),
  }));
}

async function readResampling(folder: LoopFolder, of: { round: number; model: string }): Promise<Resampling | null> {
  return (await folder.readRecord(resampledFile(of.round, of.model), ResampledFileSchema)) ?? null;
}

function resampledFile(round: number, model: string): string {
  return roundFile(round, `resampled-${attemptOf(model)}`);
}
