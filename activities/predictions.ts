import { readFile, rm } from 'node:fs/promises';
import { mapAtOnce } from '../data/concurrency.ts';
import { readEvaluationSet } from '../data/evaluation-set.ts';
import type { LoopFolder } from '../data/loop-folder.ts';
import type { VerdictsFile } from '../loop/files.ts';
import type { StoredImage } from '../loop/round.ts';
import { VisionHttpError } from '../vision/errors.ts';
import type { Vital } from './alive.ts';
import type { ActivityDeps } from './deps.ts';
import { openLoop, roundFile } from './loop-files.ts';
import { openPredictionJournal, type Top } from './prediction-journal.ts';
import { serviceOf } from './services.ts';
import { attemptOf } from './training.ts';
import type { PredictInput } from './types.ts';

const KEPT = 5;

/**
 * Predicts every image of the evaluation set and writes the verdicts. What was predicted before a crash is read
 * back from a journal, so that a retry goes on where the last try stopped.
 */
export async function predictEvaluationSet(deps: ActivityDeps, input: PredictInput, vital: Vital) {
  const { folder, spec } = await openLoop(deps.home, input.loop);
  const { client } = serviceOf(deps, spec.service);
  const path = roundFile(input.round, `verdicts-${attemptOf(input.model)}`);
  const set = await readEvaluationSet(folder);
  if ((await folder.readJson(path)) !== undefined) return { images: set.length };
  const file = folder.resolve(`rounds/${input.round}/predictions-${attemptOf(input.model)}.jsonl`);
  const journal = await openPredictionJournal(file);
  try {
    const missing = set.filter(({ sha256 }) => !journal.known.has(sha256));
    await mapAtOnce(missing, deps.predictConcurrency, async (image) => {
      vital.signal.throwIfAborted();
      const bytes = await readFile(folder.resolve(`evaluation/images/${image.file}`));
      journal.add(image.sha256, await predictOne(() => client.predict(input.model, bytes, { signal: vital.signal })));
      vital.beat(`predicted ${journal.known.size} of ${set.length} images`);
    });
  } finally {
    await journal.close();
  }
  await writeVerdicts(folder, path, { model: input.model, set, known: journal.known });
  await rm(file, { force: true });
  return { images: set.length };
}

/** Tags of one image; none when the service will not take this very image. */
async function predictOne(
  predict: () => Promise<{
    customModelResult?: { tagsResult?: { values: { name: string; confidence: number }[] } | undefined } | undefined;
  }>,
): Promise<Top> {
  try {
    const { customModelResult } = await predict();
    return (customModelResult?.tagsResult?.values ?? [])
      .slice(0, KEPT)
      .map(({ name, confidence }) => [name, confidence]);
  } catch (error) {
    if (error instanceof VisionHttpError && (error.status === 400 || error.status === 413 || error.status === 415))
      return [];
    throw error;
  }
}

interface Predicted {
  model: string;
  set: readonly StoredImage[];
  known: ReadonlyMap<string, Top>;
}

async function writeVerdicts(folder: LoopFolder, path: string, { model, set, known }: Predicted): Promise<void> {
  const predictions = set.map(({ sha256 }) => ({ image: sha256, top: known.get(sha256) ?? [] }));
  const verdicts = (k: number) =>
    set.map((image, i) => verdict(image.className, predictions[i]?.top ?? [], k)).join('');
  const file: VerdictsFile = {
    schemaVersion: 1,
    model,
    accuracyTop1: verdicts(1),
    accuracyTop5: verdicts(KEPT),
    predictions,
  };
  await folder.writeJsonOnce(path, file);
}

function verdict(truth: string, top: Top, k: number): string {
  if (top.length === 0) return '-';
  return top.slice(0, k).some(([name]) => name === truth) ? '1' : '0';
}
