import { readEvaluationSet } from '../data/evaluation-set.ts';
import type { LoopFolder } from '../data/loop-folder.ts';
import { countPerClass } from '../data/set-checks.ts';
import { decide, decisionInWords } from '../decide/decide.ts';
import { EvaluationFileSchema, VerdictsFileSchema } from '../loop/files.ts';
import { isVerdictMetric, type TargetMetric } from '../loop/metrics.ts';
import type {
  CapsState,
  ClassCounts,
  CurvePoint,
  Decision,
  DecisionInput,
  DecisionSettings,
  RoundRecord,
} from '../loop/round.ts';
import type { LoopSpec } from '../loop/spec.ts';
import type { ActivityDeps } from './deps.ts';
import { LoopFailure } from './errors.ts';
import { openLoop, readDraws, readRecords, roundFile, taskOf } from './loop-files.ts';
import { withResampling } from './resampling.ts';
import { attemptOf, readTraining } from './training.ts';
import type { Decided, DecideInput } from './types.ts';

/** Decides what follows a round and records both the inputs and the decision, so that it can be made again. */
export async function decideRound(deps: ActivityDeps, input: DecideInput): Promise<Decided> {
  const { folder, spec } = await openLoop(deps.home, input.loop);
  const decisionInput = await gatherInput(folder, spec, input);
  const decision = decide(decisionInput);
  const record = recordOf(input, decisionInput.perClass, decision);
  await folder.writeJsonOnce(roundFile(input.round, 'decision'), { input: decisionInput, decision });
  await folder.writeJsonOnce(roundFile(input.round, 'record'), record);
  return { decision, record };
}

async function gatherInput(folder: LoopFolder, spec: LoopSpec, input: DecideInput): Promise<DecisionInput> {
  const draws = await readDraws(folder, input.round);
  const present = input.model === null ? [] : [await measured(folder, spec, { ...input, model: input.model })];
  const earlier = measuredRounds(await readRecords(folder, input.round - 1));
  const ranShort = Object.keys(draws.at(-1)?.short ?? {});
  return {
    round: input.round,
    history: await curveOf(folder, spec, [...earlier, ...present]),
    settings: settingsOf(spec, await evaluationSize(folder), input.collectorExhausted),
    caps: {
      settledMinutes: input.settledMinutes,
      nextTrainingHours: input.nextTrainingHours,
      images: input.images,
      ...capsOf(spec),
      deadlinePassed: input.deadlinePassed,
    },
    withoutMetric: input.withoutMetric,
    perClass: countPerClass(
      draws.flatMap(({ images }) => images),
      [],
    ),
    ...(spec.task === 'detection' && ranShort.length > 0 ? { ranShort } : {}),
  };
}

/** Points of the learning curve from the rounds that were decided, in order. */
export async function readCurve(folder: LoopFolder, spec: LoopSpec, last: number): Promise<CurvePoint[]> {
  return curveOf(folder, spec, measuredRounds(await readRecords(folder, last)));
}

type MeasuredRound = Pick<CurvePoint, 'round' | 'images' | 'model' | 'metric'>;

function measuredRounds(records: readonly RoundRecord[]): MeasuredRound[] {
  return records.flatMap(({ round, images, model, metric }) =>
    model === null || metric === null ? [] : [{ round, images, model, metric }],
  );
}

/** Rounds as points, each with what is known of its predictions. */
async function curveOf(folder: LoopFolder, spec: LoopSpec, rounds: readonly MeasuredRound[]): Promise<CurvePoint[]> {
  if (!isVerdictMetric(spec.metric)) return withResampling(folder, rounds);
  return Promise.all(rounds.map(async (each) => ({ ...each, verdicts: await verdictsOf(folder, spec, each) })));
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
  const { metric, claim, margin, patience, delta } = spec;
  return {
    ...taskOf(spec),
    metric,
    claim,
    margin,
    patience,
    delta,
    target: spec.target ?? null,
    evaluationImages,
    collectorExhausted,
  };
}

/** Images of the frozen evaluation set; null without one. */
export async function evaluationSize(folder: LoopFolder): Promise<number | null> {
  return (await readEvaluationSet(folder)).length || null;
}

type Measured = { round: number; model: string };

async function verdictsOf(folder: LoopFolder, spec: LoopSpec, { round, model }: Measured): Promise<string | null> {
  const file = await folder.readRecord(roundFile(round, `verdicts-${attemptOf(model)}`), VerdictsFileSchema);
  return isVerdictMetric(spec.metric) ? (file?.[spec.metric] ?? null) : null;
}

async function measured(
  folder: LoopFolder,
  spec: LoopSpec,
  { round, model, images }: Measured & { images: number },
): Promise<MeasuredRound> {
  return { round, images, model, metric: await metricOf(folder, spec, { round, model }) };
}

async function metricOf(folder: LoopFolder, spec: LoopSpec, { round, model }: Measured): Promise<number> {
  const name: TargetMetric = spec.metric;
  const measured = spec.evaluation
    ? await folder.readRecord(roundFile(round, `evaluation-${attemptOf(model)}`), EvaluationFileSchema)
    : await readTraining(folder, round, model);
  const value = measured?.performance?.[name];
  if (value === undefined)
    throw new LoopFailure('ServiceContract', `The service reported no ${name} for model ${model}.`);
  return value;
}

function recordOf(input: DecideInput, perClass: ClassCounts, decision: Decision): RoundRecord {
  const sizes = Object.values(perClass);
  const { metric, noise, gain, comparedWith, action } = decision;
  return {
    round: input.round,
    images: input.images,
    newImages: input.newImages,
    perClass: [Math.min(...sizes), Math.max(...sizes)],
    model: input.model,
    metric,
    noise,
    gain,
    comparedWith,
    billedMinutes: input.billedMinutes,
    action,
    decision: decisionInWords(decision),
  };
}
