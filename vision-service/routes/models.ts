import { CONTRACT_QUOTAS } from '../../vision/capabilities.ts';
import {
  type ApiVersion,
  isTerminalModelStatus,
  type ModelKind,
  type ModelRequest,
  ModelRequestSchema,
  ModelSchema,
  pageOf,
} from '../../vision/contract.ts';
import type { ModelContent, StoredModel } from '../store/models.ts';
import type { Api } from './api.ts';
import { jsonBody } from './body.ts';
import { ApiError, invalidRequest } from './errors.ts';
import { OneName } from './names.ts';
import type { ServiceParts } from './parts.ts';
import { PageQuery, pageAnswer, VersionQuery } from './query.ts';

/** Train, get, list, cancel and delete models (UnifiedVision, 2023-04-01-preview). */
export function addModelRoutes(api: Api, parts: ServiceParts): void {
  const { models, trainings, limits } = parts;
  const one = { path: '/models/{name}', tag: 'Models', params: OneName, query: VersionQuery };
  const found = (status: number, description: string) => ({ status, description, schema: ModelSchema });

  api.add(
    {
      ...one,
      method: 'put',
      id: 'createModel',
      summary: 'Create a model, which queues its training',
      body: jsonBody(ModelRequestSchema, limits.maxJsonBytes),
      answer: found(201, 'Created; its training waits for its turn'),
      errors: [409],
    },
    (c, { params: { name }, query, body }) => {
      const created = models.create(name, contentOf(body, query['api-version'], parts));
      if (created === undefined) {
        throw new ApiError(409, { code: 'ModelAlreadyExists', message: `A model "${name}" exists already.` });
      }
      trainings.wake();
      return c.json(created, 201);
    },
  );
  api.add(
    {
      ...one,
      path: '/models/{name}:cancel',
      method: 'post',
      id: 'cancelTraining',
      summary: 'Cancel a training; one that has ended stays as it is',
      answer: { status: 202, description: 'The training will be cancelled' },
      errors: [404],
    },
    (c, { params }) => {
      trainings.cancel(existingModel(parts, params.name).name);
      return c.body(null, 202);
    },
  );
  api.add(
    { ...one, method: 'get', id: 'getModel', summary: 'Get a model', answer: found(200, 'The model'), errors: [404] },
    (c, { params }) => c.json(existingModel(parts, params.name)),
  );
  api.add(
    {
      ...one,
      method: 'delete',
      id: 'deleteModel',
      summary: 'Delete a model whose training has ended, with all that belongs to it',
      answer: { status: 204, description: 'Deleted' },
      errors: [404],
    },
    (c, { params }) => {
      const model = existingModel(parts, params.name);
      if (!isTerminalModelStatus(model.status)) {
        throw invalidRequest(`Model "${model.name}" is ${model.status}; cancel it and wait before deleting it.`);
      }
      const photos = parts.recognitions.photosOf(trainingOf(parts, model.name));
      models.delete(model.name);
      parts.photos.dropAll(photos);
      return c.body(null, 204);
    },
  );
  api.add(
    {
      method: 'get',
      path: '/models',
      id: 'listModels',
      tag: 'Models',
      summary: 'List models in the order of their creation',
      query: PageQuery,
      answer: { status: 200, description: 'A page of models', schema: pageOf(ModelSchema) },
    },
    (c, { query }) => c.json(pageAnswer(c, models.list(query), query)),
  );
}

/** The model of that name. Throws 404 when there is none. */
export function existingModel({ models }: ServiceParts, name: string): StoredModel {
  const model = models.get(name);
  if (model !== undefined) return model;
  throw modelNotFound(name);
}

function modelNotFound(name: string): ApiError {
  return new ApiError(404, { code: 'ModelNotFound', message: `There is no model "${name}".` });
}

/** Id of the training behind the model of that name. Throws 404 when there is none. */
export function trainingOf(parts: ServiceParts, model: string): string {
  const training = parts.models.training(model);
  if (training !== undefined) return training.trainingId;
  throw modelNotFound(model);
}

/** Longest budget of a kind, in hours, by version (UnifiedVision, 2023-02-01-preview and 2023-04-01-preview). */
function maxHours(version: ApiVersion, kind: ModelKind): number {
  return version === '2023-02-01-preview' ? 288 : CONTRACT_QUOTAS[kind].maxTrainingHours;
}

function contentOf(request: ModelRequest, version: ApiVersion, parts: ServiceParts): ModelContent {
  const { trainingDatasetName, timeBudgetInHours } = request.trainingParameters;
  const modelKind = request.trainingParameters.modelKind ?? kindFor(trainingDatasetName, parts);
  if (modelKind === 'Product-Recognizer' && version === '2023-02-01-preview') {
    throw invalidRequest(
      `${modelKind} came after api-version ${version}; ask with a later one.`,
      'NotSupportedModelKind',
    );
  }
  const most = maxHours(version, modelKind);
  if (timeBudgetInHours > most) {
    throw invalidRequest(`timeBudgetInHours: at most ${most} for ${modelKind}.`, 'BadArgument');
  }
  const testDatasetName = request.evaluationParameters?.testDatasetName;
  return {
    trainingParameters: { trainingDatasetName, timeBudgetInHours, modelKind },
    ...(testDatasetName === undefined ? {} : { evaluationParameters: { testDatasetName } }),
  };
}

/** The contract leaves the kind open when none is named: the one that fits the dataset's annotations is trained. */
function kindFor(dataset: string, { datasets }: ServiceParts): ModelKind {
  return datasets.get(dataset)?.annotationKind === 'imageObjectDetection' ? 'Generic-Detector' : 'Generic-Classifier';
}
