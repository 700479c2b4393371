import { appendFile, readFile as readText, rm } from 'node:fs/promises';
import pLimit from 'p-limit';
import { readEvaluationSet } from '../data/evaluation-set.ts';
import type { LoopFolder } from '../data/loop-folder.ts';
import type { VerdictsFile } from '../loop/files.ts';
import type { StoredImage } from '../loop/round.ts';
import { VisionHttpError } from '../vision/errors.ts';
import type { Vital } from './alive.ts';
import type { ActivityDeps } from './deps.ts';
import { openLoop, roundFile } from './loop-files.ts';
import { serviceOf } from './services.ts';
import { attemptOf } from './training.ts';
import type { PredictInput } from './types.ts';

type Top = [string, number][];
const KEPT = 5;

/**
 * Predicts every image of the evaluation set and writes the verdicts. What was predicted before a crash is read
 * back from a journal, so that a retry goes on where the last try stopped.
 */
export async function predictEvaluationSet(deps: ActivityDeps, input: PredictInput, vital: Vital): Promise<void> {
  const { folder, spec } = await openLoop(deps.home, input.loop);
  const { client } = serviceOf(deps, spec.service);
  const path = roundFile(input.round, `verdicts-${attemptOf(input.model)}`);
  if ((await folder.readJson(path)) !== undefined) return;
  const set = await readEvaluationSet(folder);
  const journal = folder.resolve(`rounds/${input.round}/predictions-${attemptOf(input.model)}.jsonl`);
  const known = await readJournal(journal);
  const limit = pLimit(deps.predictConcurrency);
  let done = known.size;
  await Promise.all(
    set
      .filter(({ sha256 }) => !known.has(sha256))
      .map((image) =>
        limit(async () => {
          vital.signal.throwIfAborted();
          const bytes = await readText(folder.resolve(`evaluation/images/${image.file}`));
          const top = await predictOne(() => client.predict(input.model, bytes, { signal: vital.signal }));
          known.set(image.sha256, top);
          await appendFile(journal, `${JSON.stringify({ image: image.sha256, top })}\n`, { mode: 0o600 });
          done += 1;
          vital.beat(`predicted ${done} of ${set.length} images`);
        }),
      ),
  );
  await writeVerdicts(folder, path, { model: input.model, set, known });
  await rm(journal, { force: true });
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

/** A torn last line, as a kill leaves it, is predicted again. */
async function readJournal(path: string): Promise<Map<string, Top>> {
  const known = new Map<string, Top>();
  const text = await readText(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  for (const line of text.split('\n').slice(0, -1)) {
    const { image, top } = parseLine(line) ?? {};
    if (image && top) known.set(image, top);
  }
  return known;
}

function parseLine(line: string): { image: string; top: Top } | null {
  try {
    return JSON.parse(line) as { image: string; top: Top };
  } catch {
    return null;
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
