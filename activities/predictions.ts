import { readFile, rm } from 'node:fs/promises';
import { mapAtOnce } from '../data/concurrency.ts';
import { readEvaluationSet } from '../data/evaluation-set.ts';
import type { LoopFolder } from '../data/loop-folder.ts';
import type { StoredImage } from '../loop/round.ts';
import type { LoopSpec } from '../loop/spec.ts';
import type { VisionClient } from '../vision/client.ts';
import type { Prediction } from '../vision/contract.ts';
import { VisionHttpError } from '../vision/errors.ts';
import type { Vital } from './alive.ts';
import type { ActivityDeps } from './deps.ts';
import { DETECTIONS } from './detections.ts';
import { openLoop, trainingFile } from './loop-files.ts';
import { orGone } from './missing-models.ts';
import { openPredictionJournal } from './prediction-journal.ts';
import type { PredictionKind } from './prediction-kind.ts';
import { serviceOf } from './services.ts';
import { attemptOf } from './training.ts';
import type { PredictInput } from './types.ts';
import { VERDICTS } from './verdicts.ts';

/**
 * Predicts every image of the evaluation set and writes the verdicts, or the detections. What was predicted before a crash is
 * read back from a journal, so that a retry goes on where the last try stopped.
 * @throws LoopFailure `ModelGone` when the model stays away for `missingMs`.
 */
export async function predictEvaluationSet(deps: ActivityDeps, input: PredictInput, vital: Vital) {
  const { folder, spec } = await openLoop(deps.home, input);
  const set = await readEvaluationSet(folder);
  const where = { folder, spec, set, input, vital };
  await (spec.task === 'detection' ? predictAll(deps, where, DETECTIONS) : predictAll(deps, where, VERDICTS));
  return { images: set.length };
}

interface Where {
  folder: LoopFolder;
  spec: LoopSpec;
  set: readonly StoredImage[];
  input: PredictInput;
  vital: Vital;
}

async function predictAll<T>(deps: ActivityDeps, where: Where, kind: PredictionKind<T>): Promise<void> {
  const { folder, spec, set, input, vital } = where;
  const { round, model } = input;
  const path = trainingFile(input, `${kind.file}-${attemptOf(model)}`);
  if ((await folder.readJson(path)) !== undefined) return;
  const { client } = serviceOf(deps, spec.service);
  const file = folder.resolve(`${trainingFile(input, `predictions-${attemptOf(model)}`)}l`);
  const journal = await openPredictionJournal(file, kind);
  try {
    const missing = set.filter(({ sha256 }) => !journal.known.has(sha256));
    await mapAtOnce(missing, deps.predictConcurrency, async (image) => {
      vital.signal.throwIfAborted();
      const bytes = await readFile(folder.resolve(`evaluation/images/${image.file}`));
      const asked = { model, bytes, signal: vital.signal };
      const said = await orGone({ client, input, vital }, () => predictOne(client, asked));
      journal.add(image.sha256, kind.of(said, image));
      vital.answered(`predicted ${journal.known.size} of ${set.length} images`);
    });
  } finally {
    await journal.close();
  }
  await kind.write(folder, { path, round, model, spec, set, known: journal.known });
  await rm(file, { force: true });
}

/** What the service says of one image; null when it will not take this very image. */
async function predictOne(
  client: VisionClient,
  { model, bytes, signal }: { model: string; bytes: Uint8Array; signal: AbortSignal },
): Promise<Prediction | null> {
  try {
    return await client.predict(model, bytes, { signal });
  } catch (error) {
    if (error instanceof VisionHttpError && (error.status === 400 || error.status === 413 || error.status === 415))
      return null;
    throw error;
  }
}
