import type { VisionClient } from '../../vision/client.ts';
import type { Model } from '../../vision/contract.ts';
import { VisionConnectionError, VisionHttpError } from '../../vision/errors.ts';

/** How a training goes; a model that is cancelled before its end bills `minutes` too, unless it succeeds all the same. */
export interface Fate {
  /** Looks that find it training before it ends. */
  looks: number;
  /** `lost`: the service forgets it; what it had billed stays billed. */
  end: 'succeeded' | 'failed' | 'cancelled' | 'lost';
  /** Of a failure. */
  code: string;
  message: string;
  /** Compute minutes that it takes, were the budget without end; failed work bills none. */
  minutes: number;
  /** The service tells what it billed. */
  reports: boolean;
  /** Succeeds although it was cancelled. */
  stubborn: boolean;
  /** The answer to its creation is lost on the way. */
  resets: boolean;
}

/** A training that ends well at the first look. */
export const SOUND: Fate = {
  looks: 0,
  end: 'succeeded',
  code: '',
  message: '',
  minutes: 7,
  reports: true,
  stubborn: false,
  resets: false,
};

interface Training {
  model: Model;
  fate: Fate;
  looks: number;
  billed: number | null;
}

export interface Script {
  /** What becomes of a loop's next training. */
  fate: (model: string) => Fate;
  /** Called when a model is created, before that is answered. */
  created?: (model: string, hours: number) => void | Promise<void>;
  /** May throw instead of an answer. */
  asked?: (call: string) => void;
}

/** A vision service in memory that trains as a script says and bills as the contract does: a ledger to check loops against. */
export class ScriptedService {
  readonly #trainings = new Map<string, Training>();
  readonly #datasets = new Map<string, Record<string, string>>();
  readonly #script: Script;

  constructor(script: Script) {
    this.#script = script;
  }

  /** Compute minutes billed to a loop, and reserved for its trainings under way. */
  ledger(loop: string): { billed: number; open: number; models: string[] } {
    const own = [...this.#trainings.values()].filter(({ model }) => model.name.startsWith(`${loop}-r`));
    const open = own.filter(({ billed }) => billed === null);
    return {
      billed: own.reduce((sum, { billed }) => sum + (billed ?? 0), 0),
      open: open.reduce((sum, { model }) => sum + model.trainingParameters.timeBudgetInHours * 60, 0),
      models: own.map(({ model }) => model.name),
    };
  }

  client(): VisionClient {
    const asked = (call: string) => this.#script.asked?.(call);
    return {
      registerDataset: async (name, body) => {
        asked(`PUT datasets/${name}`);
        if (this.#datasets.has(name)) throw refused(409, 'DatasetAlreadyExists');
        this.#datasets.set(name, body.customProperties ?? {});
        return { name };
      },
      getDataset: async (name) => ({ name, customProperties: this.#datasets.get(name) ?? {} }),
      createModel: async (name, body) => {
        asked(`PUT models/${name}`);
        return this.#create(name, body.trainingParameters);
      },
      getModel: async (name) => {
        asked(`GET models/${name}`);
        return this.#look(name);
      },
      cancelModel: async (name) => this.#cancel(name),
      createEvaluation: async (modelName, name, body) => ({ name, modelName, status: 'notStarted', ...body }),
      getEvaluation: async (modelName, name) => ({
        name,
        modelName,
        status: 'succeeded',
        evaluationParameters: { testDatasetName: '' },
        modelPerformance: PERFORMANCE,
      }),
      predict: async () => Promise.reject(refused(400, 'InvalidRequest')),
    };
  }

  async #create(name: string, trainingParameters: Model['trainingParameters']): Promise<Model> {
    if (this.#trainings.has(name)) throw refused(409, 'ModelAlreadyExists');
    const model: Model = { name, status: 'training', trainingParameters };
    const fate = this.#script.fate(name);
    this.#trainings.set(name, { model, fate, looks: 0, billed: null });
    await this.#script.created?.(name, trainingParameters.timeBudgetInHours);
    if (fate.resets)
      throw new VisionConnectionError({ method: 'PUT', path: `/models/${name}`, origin: '', code: 'ECONNRESET' });
    return model;
  }

  #look(name: string): Model {
    const training = this.#trainings.get(name);
    if (training === undefined) throw refused(404, 'ModelNotFound');
    training.looks += 1;
    if (training.billed === null && training.looks > training.fate.looks) settle(training, training.fate.end);
    if (training.model.status === 'lost') throw refused(404, 'ModelNotFound');
    return training.model;
  }

  #cancel(name: string): void {
    const training = this.#trainings.get(name);
    if (training === undefined) throw refused(404, 'ModelNotFound');
    if (training.billed === null) settle(training, training.fate.stubborn ? 'succeeded' : 'cancelled');
  }
}

const PERFORMANCE = { accuracyTop1: 0.5, tagPerformance: {} };

/** Ends a training: never billed past its budget, and not at all when it failed. */
function settle(training: Training, status: Fate['end']): void {
  const { fate, model } = training;
  const hours = model.trainingParameters.timeBudgetInHours;
  const billed = status === 'failed' ? 0 : Math.min(fate.minutes, hours * 60);
  training.billed = billed;
  training.model = {
    ...model,
    status,
    ...(fate.reports ? { trainingCostInMinutes: billed } : {}),
    ...(status === 'failed' ? { error: { code: fate.code, message: fate.message } } : {}),
    ...(status === 'succeeded' ? { modelPerformance: PERFORMANCE } : {}),
  };
}

function refused(status: number, code: string): VisionHttpError {
  return new VisionHttpError({ method: 'ANY', path: '/scripted', status, code, serviceMessage: code });
}
