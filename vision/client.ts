import {
  type Dataset,
  type DatasetRequest,
  DatasetSchema,
  DEFAULT_API_VERSION,
  type EvaluationRequest,
  type Model,
  type ModelEvaluation,
  ModelEvaluationSchema,
  type ModelRequest,
  ModelSchema,
  type Prediction,
  PredictionSchema,
} from './contract.ts';
import { createTransport } from './transport.ts';

/** Settings of a client. `timeoutMs` bounds each whole exchange (default 60 s). */
export interface VisionClientOptions {
  /** The resource's endpoint, with or without `/computervision`. */
  baseUrl: string;
  key: string;
  apiVersion?: string;
  timeoutMs?: number;
  fetch?: typeof fetch;
}

export interface CallOptions {
  signal?: AbortSignal | undefined;
}

/**
 * The routes of the vision API that a loop needs. Every method throws VisionHttpError (an answer outside 2xx),
 * VisionConnectionError (no whole answer), VisionContractError (a body that does not fit), or the signal's reason.
 */
export interface VisionClient {
  registerDataset(name: string, body: DatasetRequest, options?: CallOptions): Promise<Dataset>;
  getDataset(name: string, options?: CallOptions): Promise<Dataset>;
  /** Creates a model, which starts its training; a name that exists answers 409. */
  createModel(name: string, body: ModelRequest, options?: CallOptions): Promise<Model>;
  getModel(name: string, options?: CallOptions): Promise<Model>;
  cancelModel(name: string, options?: CallOptions): Promise<void>;
  createEvaluation(
    model: string,
    name: string,
    body: EvaluationRequest,
    options?: CallOptions,
  ): Promise<ModelEvaluation>;
  getEvaluation(model: string, name: string, options?: CallOptions): Promise<ModelEvaluation>;
  /** Tags of one image, surest first; the bytes are those of an image file. */
  predict(model: string, image: Uint8Array, options?: CallOptions): Promise<Prediction>;
}

/** Makes a client of a vision service; throws TypeError when `baseUrl` is no http(s) address. */
export function createVisionClient(options: VisionClientOptions): VisionClient {
  const transport = createTransport({
    apiVersion: DEFAULT_API_VERSION,
    timeoutMs: 60_000,
    fetch: globalThis.fetch,
    ...options,
  });
  const dataset = (name: string) => `datasets/${encodeURIComponent(name)}`;
  const model = (name: string) => `models/${encodeURIComponent(name)}`;
  const evaluation = (of: string, name: string) => `${model(of)}/evaluations/${encodeURIComponent(name)}`;
  return {
    registerDataset: (name, json, more) =>
      transport.parsed({ method: 'PUT', path: dataset(name), json, ...more }, DatasetSchema),
    getDataset: (name, more) => transport.parsed({ method: 'GET', path: dataset(name), ...more }, DatasetSchema),
    createModel: (name, json, more) =>
      transport.parsed({ method: 'PUT', path: model(name), json, ...more }, ModelSchema),
    getModel: (name, more) => transport.parsed({ method: 'GET', path: model(name), ...more }, ModelSchema),
    cancelModel: (name, more) => transport.empty({ method: 'POST', path: `${model(name)}:cancel`, ...more }),
    createEvaluation: (of, name, ...[json, more]) =>
      transport.parsed({ method: 'PUT', path: evaluation(of, name), json, ...more }, ModelEvaluationSchema),
    getEvaluation: (of, name, more) =>
      transport.parsed({ method: 'GET', path: evaluation(of, name), ...more }, ModelEvaluationSchema),
    predict: (of, bytes, more) =>
      transport.parsed(
        { method: 'POST', path: 'imageanalysis:analyze', query: { 'model-name': of }, bytes, ...more },
        PredictionSchema,
      ),
  };
}
