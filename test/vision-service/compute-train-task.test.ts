import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { budgetHint } from '../../vision/budget-hint.ts';
import { createClassicalBackbone } from '../../vision-service/backbones/classical.ts';
import { ImageFactsCache } from '../../vision-service/data-access/image-facts.ts';
import { EmbeddingCache } from '../../vision-service/embeddings.ts';
import { billedMinutes } from '../../vision-service/ledger.ts';
import { BILLED_MINUTES_PER_SECOND } from '../../vision-service/queue/budget.ts';
import type { Engine } from '../../vision-service/queue/engine.ts';
import { TaskFailure } from '../../vision-service/queue/failure.ts';
import type { TrainTask, Usage } from '../../vision-service/queue/protocol.ts';
import { runTraining } from '../../vision-service/queue/train-task.ts';
import { deserialiseClassifier } from '../../vision-service/training/classifier.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { writeCoco } from './http-helpers.ts';

/** A rate at which any measured time uses up any budget. */
const USED_AT_ONCE = 1e9;

function engineWith(folder: string, db = new DatabaseSync(':memory:')): { engine: Engine; db: DatabaseSync } {
  const access = { allowedRoots: [folder], allowPrivate: false };
  const caches = { cache: new EmbeddingCache(db), facts: new ImageFactsCache(db) };
  return { engine: { backbone: createClassicalBackbone({ threads: 1 }), ...caches, access }, db };
}

async function taskOn(perClass: number, more: Partial<TrainTask> = {}) {
  const folder = await temporaryFolder();
  const uri = await writeCoco(folder, 'coco.json', { perClass, side: 32 });
  const training = { name: 'squares', annotationKind: 'imageClassification' as const, uris: [uri] };
  const task: TrainTask = {
    kind: 'train',
    modelKind: 'Generic-Classifier',
    training,
    test: undefined,
    budgetHours: 1,
    minutesPerSecond: BILLED_MINUTES_PER_SECOND,
    ...more,
  };
  return { task, ...engineWith(folder) };
}

async function run({ task, engine }: { task: TrainTask; engine: Engine }) {
  const usages: Usage[] = [];
  const { signal } = new AbortController();
  const result = await runTraining(engine, task, { signal, onUsage: (usage) => usages.push(usage) });
  return { result, classifier: deserialiseClassifier(result.trained), usage: usages.at(-1) };
}

describe('a training task', () => {
  it('keeps the features of views under names of their own, and counts images only', async () => {
    const given = await taskOn(4);
    const { usage, classifier } = await run(given);
    const keys = given.db
      .prepare('SELECT image FROM embeddings')
      .all()
      .map((row) => String(row['image']));
    expect(keys.filter((key) => key.endsWith('/mirrored-1'))).toHaveLength(8);
    expect(keys.filter((key) => key.endsWith('/zoomed-1'))).toHaveLength(8);
    expect(keys).toHaveLength(24);
    expect(usage).toMatchObject({ images: 8, embeddingsComputed: 8, headMs: expect.any(Number) });
    expect(classifier.search.ended).toBe('nothing improved');
  });

  it('gives the cheapest model when the budget ends with the embedding, and is billed the budget', async () => {
    const { result, classifier, usage } = await run(await taskOn(4, { minutesPerSecond: USED_AT_ONCE }));
    expect(classifier).toMatchObject({ recipe: 'cosine prototypes', search: { tried: 0, ended: 'budget used' } });
    expect(result.performance).toBeUndefined();
    const bill = { status: 'succeeded' as const, budgetHours: 1, minutesPerSecond: USED_AT_ONCE };
    expect(billedMinutes({ ...bill, computeMs: usage?.computeMs ?? 0 })).toBe(60);
  });

  it('does not pass for one when the budget ends before every image is embedded', async () => {
    const failure = await run(await taskOn(70, { minutesPerSecond: USED_AT_ONCE })).catch((error: unknown) => error);
    if (!(failure instanceof TaskFailure)) throw failure;
    expect(failure.code).toBe('notEnoughBudget');
    expect(failure.message).toMatch(/128 of 140 images/);
    expect(budgetHint({ code: failure.code, message: failure.message })).toEqual({
      minimumHours: 2,
      suggestedHours: 2,
    });
  });

  it('reports what it used when it is stopped', async () => {
    const { task, engine } = await taskOn(5);
    const controller = new AbortController();
    const usages: Usage[] = [];
    const training = runTraining(engine, task, {
      signal: controller.signal,
      onUsage: (usage) => {
        usages.push(usage);
        controller.abort(new Error('enough'));
      },
    });
    await expect(training).rejects.toThrow('enough');
    expect(usages.at(-1)?.computeMs).toBeGreaterThan(0);
    expect(usages.at(-1)?.images).toBe(10);
  });
});
