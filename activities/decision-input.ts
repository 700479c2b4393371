import { collectorFor } from '../collect/collectors.ts';
import { readEvaluationSet } from '../data/evaluation-set.ts';
import type { LoopFolder } from '../data/loop-folder.ts';
import { countPerClass } from '../data/set-checks.ts';
import { isVerdictMetric } from '../loop/metrics.ts';
import type {
  CapsState,
  ClassCounts,
  ClassPerformance,
  CurvePoint,
  DecisionInput,
  DecisionSettings,
  RoundDraw,
  RoundRecord,
  StoredImage,
} from '../loop/round.ts';
import type { LoopSpec } from '../loop/spec.ts';
import { type LoopFiles, readDraws, readRecords, taskOf } from './loop-files.ts';
import { evaluationOf, metricOf, verdictsOf } from './measured.ts';
import { withResampling } from './resampling.ts';
import { subsetPoints } from './subsets.ts';
import type { DecideInput } from './types.ts';

/** Everything that the decision of a round depends on, read from the loop's files. */
export async function gatherInput(files: LoopFiles, input: DecideInput): Promise<DecisionInput> {
  const { folder, spec } = files;
  const { round, model } = input;
  const draws = await readDraws(folder, round);
  const present = model === null ? [] : [await measured(files, { ...input, model })];
  const earlier = measuredRounds(await readRecords(folder, round - 1));
  const ranShort = Object.keys(draws.at(-1)?.short ?? {});
  const subsets = await subsetPoints(files);
  const set = await readEvaluationSet(folder);
  const performance = model === null ? undefined : await performanceOf(files, { round, model, set });
  return {
    round,
    history: (await curveOf(files, [...earlier, ...present])).map((point) => ({
      ...point,
      perClass: ownedAfter(draws, point.round),
    })),
    settings: settingsOf(spec, set.length || null, input.collectorExhausted),
    caps: await capsState(files, input, draws),
    withoutMetric: input.withoutMetric,
    ...(input.skipped === undefined ? {} : { skipped: input.skipped }),
    perClass: ownedAfter(draws, round),
    ...(spec.task === 'detection' && ranShort.length > 0 ? { ranShort } : {}),
    ...(subsets.length > 0 ? { subsets } : {}),
    ...(performance === undefined ? {} : { performance }),
  };
}

/** Training images per class after a round. */
function ownedAfter(draws: readonly RoundDraw[], round: number): ClassCounts {
  return countPerClass(
    draws.slice(0, round).flatMap(({ images }) => images),
    [],
  );
}

async function capsState(
  { folder, spec }: LoopFiles,
  input: DecideInput,
  draws: readonly RoundDraw[],
): Promise<CapsState> {
  const { settledMinutes, nextTrainingHours, images, deadlinePassed, roundMinutes } = input;
  const available = await collectorFor(spec).remaining(folder, draws);
  return {
    settledMinutes,
    nextTrainingHours,
    images,
    ...capsOf(spec),
    deadlinePassed,
    ...(roundMinutes === undefined ? {} : { roundMinutes }),
    ...(available === null ? {} : { available }),
  };
}

/** Points of the learning curve from the rounds that were decided, in order. */
export async function readCurve(files: LoopFiles, last: number): Promise<CurvePoint[]> {
  return curveOf(files, measuredRounds(await readRecords(files.folder, last)));
}

type MeasuredRound = Pick<CurvePoint, 'round' | 'images' | 'model' | 'metric'>;

function measuredRounds(records: readonly RoundRecord[]): MeasuredRound[] {
  return records.flatMap(({ round, images, model, metric }) =>
    model === null || metric === null ? [] : [{ round, images, model, metric }],
  );
}

async function measured(
  files: LoopFiles,
  { round, model, images }: Omit<MeasuredRound, 'metric'>,
): Promise<MeasuredRound> {
  return { round, images, model, metric: await metricOf(files, { round, model }) };
}

/** Rounds as points, each with what is known of its predictions. */
async function curveOf(files: LoopFiles, rounds: readonly MeasuredRound[]): Promise<CurvePoint[]> {
  if (!isVerdictMetric(files.spec.metric)) return withResampling(files.folder, rounds);
  return Promise.all(
    rounds.map(async (each) => ({
      ...each,
      verdicts: await verdictsOf(files, { round: each.round, model: each.model }),
    })),
  );
}

/** How well a model knows each class of the evaluation set; undefined without a set, or where the service does not say. */
async function performanceOf(
  files: LoopFiles,
  { set, ...of }: { round: number; model: string; set: readonly StoredImage[] },
): Promise<Record<string, ClassPerformance> | undefined> {
  const tags = (await evaluationOf(files, of))?.tagPerformance;
  if (tags === undefined) return undefined;
  const shown = countPerClass(set, []);
  const rows = Object.entries(shown).flatMap(([name, images]): [string, ClassPerformance][] => {
    const value = files.spec.task === 'detection' ? tags[name]?.averagePrecision50 : tags[name]?.accuracy;
    return value === undefined ? [] : [[name, { value, images }]];
  });
  return rows.length === 0 ? undefined : Object.fromEntries(rows);
}

/** The hard caps of a spec: compute minutes, images of all classes together (null without a cap), rounds. */
export function capsOf({ caps }: LoopSpec): Pick<CapsState, 'capMinutes' | 'capImages' | 'capRounds'> {
  return { capMinutes: Math.floor(caps.hours * 60), capImages: caps.images ?? null, capRounds: caps.rounds };
}

/** What `decide` needs to know of a spec. */
export function settingsOf(
  spec: LoopSpec,
  evaluationImages: number | null,
  collectorExhausted: boolean,
): DecisionSettings {
  const { metric, claim, margin, patience, delta, policy, classRatio, forecast, seed, prices } = spec;
  return {
    ...taskOf(spec),
    metric,
    claim,
    margin,
    patience,
    delta,
    policy,
    classRatio,
    // Every round is measured on one frozen set, so most of the error is common to all.
    forecast: { ...forecast, seed, looks: 'shared', prices: pricesOf(prices) },
    target: spec.target ?? null,
    evaluationImages,
    collectorExhausted,
  };
}

function pricesOf(prices: LoopSpec['prices']): { image: number; trainingHour: number } | null {
  return prices === undefined ? null : { image: prices.image, trainingHour: prices.trainingHour };
}

/** Images of the frozen evaluation set; null without one. */
export async function evaluationSize(folder: LoopFolder): Promise<number | null> {
  return (await readEvaluationSet(folder)).length || null;
}
