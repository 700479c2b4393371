import type { VisionClient } from '../vision/client.ts';
import type { Dataset, Model, ModelEvaluation, Prediction } from '../vision/contract.ts';

const PERFORMANCE = {
  accuracyTop1: 0.8,
  accuracyTop5: 1,
  averagePrecision: 0.8,
  calibrationECE: 0.1,
  tagPerformance: {},
};

export interface InstantVision {
  client: VisionClient;
  /** How long trainings take from now on, milliseconds; 0 to begin with. */
  trainingMs: number;
  /** While it is true no training ends, whatever its time. */
  holding: boolean;
}

/**
 * A vision service that answers at once from memory, without HTTP, so that only the loop's own time is measured. It
 * trains nothing: every model measures the same. For benchmarks only.
 */
export function createInstantVision(classes: readonly string[]): InstantVision {
  const datasets = new Map<string, Dataset>();
  const models = new Map<string, Model & { readyAt: number }>();
  const service: InstantVision = { trainingMs: 0, holding: false, client: trainingRoutes() };
  const values = classes.map((name, i) => ({ name, confidence: 1 / (i + 2) }));
  const prediction: Prediction = { customModelResult: { tagsResult: { values } } };

  function trainingRoutes(): VisionClient {
    return {
      registerDataset: async (name, body) => keep(datasets, name, { name, ...body }),
      getDataset: async (name) => need(datasets, name),
      createModel: async (name, body) => {
        const readyAt = Date.now() + service.trainingMs;
        return keep(models, name, { name, status: 'training', ...body, readyAt });
      },
      getModel: async (name) => settled(need(models, name), service.holding),
      cancelModel: async (name) => void keep(models, name, { ...need(models, name), status: 'cancelled' }),
      createEvaluation: async (modelName, name, body) => evaluation(modelName, name, body.evaluationParameters),
      getEvaluation: async (modelName, name) => evaluation(modelName, name, { testDatasetName: '' }),
      predict: async () => prediction,
    };
  }
  return service;
}

function keep<T>(store: Map<string, T>, name: string, value: T): T {
  store.set(name, value);
  return value;
}

function need<T>(store: ReadonlyMap<string, T>, name: string): T {
  const found = store.get(name);
  if (found === undefined) throw new Error(`The instant vision service has no ${name}`);
  return found;
}

function settled({ readyAt, ...model }: Model & { readyAt: number }, holding: boolean): Model {
  if (holding || Date.now() < readyAt) return model;
  return { ...model, status: 'succeeded', trainingCostInMinutes: 1, modelPerformance: PERFORMANCE };
}

function evaluation(
  modelName: string,
  name: string,
  evaluationParameters: ModelEvaluation['evaluationParameters'],
): ModelEvaluation {
  return { name, modelName, evaluationParameters, status: 'succeeded', modelPerformance: PERFORMANCE };
}
