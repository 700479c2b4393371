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
import { ApiVersionQuery, answers, jsonBody, named } from './documentation.ts';
import { ApiError, invalidRequest } from './errors.ts';
import type { Api, ServiceParts } from './parts.ts';
import { apiVersionOf, nameOf, PageQuerySchema, pageAnswer, pageOfQuery, readJson } from './request.ts';

/** Train, get, list, cancel and delete models (UnifiedVision, 2023-04-01-preview). */
export function addModelRoutes(api: Api, parts: ServiceParts): void {
  const { models, trainings } = parts;
  api.put('/models/:name', async (c) => {
    const name = nameOf(c, 'name');
    const created = models.create(name, contentOf(await readJson(c, ModelRequestSchema), apiVersionOf(c)));
    if (created === undefined) {
      throw new ApiError(409, { code: 'ModelAlreadyExists', message: `A model "${name}" exists already.` });
    }
    trainings.wake();
    return c.json(created, 201);
  });
  api.post('/models/:target{.+:cancel}', (c) => {
    const name = (c.req.param('target') ?? '').slice(0, -':cancel'.length);
    trainings.cancel(existingModel(parts, name).name);
    return c.body(null, 202);
  });
  api.get('/models/:name', (c) => c.json(existingModel(parts, nameOf(c, 'name'))));
  api.delete('/models/:name', (c) => {
    const model = existingModel(parts, nameOf(c, 'name'));
    if (!isTerminalModelStatus(model.status)) {
      throw invalidRequest(`Model "${model.name}" is ${model.status}; cancel it and wait before deleting it.`);
    }
    models.delete(model.name);
    return c.body(null, 204);
  });
  api.get('/models', (c) => {
    const page = pageOfQuery(c);
    return c.json(pageAnswer(c, models.list(page), page));
  });
  documentModels(api);
}

/** The model of that name. Throws 404 when there is none. */
export function existingModel({ models }: ServiceParts, name: string): StoredModel {
  const model = models.get(name);
  if (model !== undefined) return model;
  throw new ApiError(404, { code: 'ModelNotFound', message: `There is no model "${name}".` });
}

/** Longest budget of a kind, in hours, by version (UnifiedVision, 2023-02-01-preview and 2023-04-01-preview). */
function maxHours(version: ApiVersion, kind: ModelKind): number {
  return version === '2023-02-01-preview' ? 288 : CONTRACT_QUOTAS[kind].maxTrainingHours;
}

function contentOf(request: ModelRequest, version: ApiVersion): ModelContent {
  const { trainingDatasetName, timeBudgetInHours, modelKind = 'Generic-Classifier' } = request.trainingParameters;
  if (timeBudgetInHours > maxHours(version, modelKind)) {
    throw invalidRequest(`timeBudgetInHours: at most ${maxHours(version, modelKind)} for ${modelKind}.`, 'BadArgument');
  }
  const testDatasetName = request.evaluationParameters?.testDatasetName;
  return {
    trainingParameters: { trainingDatasetName, timeBudgetInHours, modelKind },
    ...(testDatasetName === undefined ? {} : { evaluationParameters: { testDatasetName } }),
  };
}

function documentModels(api: Api): void {
  const registry = api.openAPIRegistry;
  const one = { path: '/models/{name}', request: { params: named('name'), query: ApiVersionQuery } };
  const found = (status: number, description: string) => ({ status, description, schema: ModelSchema });
  registry.registerPath({ ...one, method: 'get', responses: answers(found(200, 'The model'), 400, 401, 404) });
  registry.registerPath({
    ...one,
    method: 'put',
    request: { ...one.request, body: jsonBody(ModelRequestSchema) },
    responses: answers(found(201, 'Created; its training waits for its turn'), 400, 401, 409),
  });
  registry.registerPath({
    ...one,
    method: 'delete',
    responses: answers({ status: 204, description: 'Deleted' }, 400, 401, 404),
  });
  registry.registerPath({
    ...one,
    path: '/models/{name}:cancel',
    method: 'post',
    responses: answers({ status: 202, description: 'The training will be cancelled' }, 400, 401, 404),
  });
  registry.registerPath({
    method: 'get',
    path: '/models',
    request: { query: ApiVersionQuery.extend(PageQuerySchema.shape) },
    responses: answers({ status: 200, description: 'A page of models', schema: pageOf(ModelSchema) }, 400, 401),
  });
}
