import {
  EvaluationRequestSchema,
  isTerminalEvaluationStatus,
  ModelEvaluationSchema,
  pageOf,
} from '../../vision/contract.ts';
import type { EvaluationKey, StoredEvaluation } from '../store/evaluations.ts';
import { ApiVersionQuery, answers, jsonBody, named } from './documentation.ts';
import { ApiError, invalidRequest } from './errors.ts';
import { existingModel } from './models.ts';
import type { Api, ServiceParts } from './parts.ts';
import { nameOf, PageQuerySchema, pageAnswer, pageOfQuery, readJson } from './request.ts';

/** Create, get, list and delete evaluations (UnifiedVision, 2023-04-01-preview). */
export function addEvaluationRoutes(api: Api, parts: ServiceParts): void {
  const { evaluations, evaluationRuns } = parts;
  api.put('/models/:model/evaluations/:name', async (c) => {
    const [modelName, name] = [nameOf(c, 'model'), nameOf(c, 'name')];
    const { evaluationParameters } = await readJson(c, EvaluationRequestSchema);
    const key = { trainingId: trainedModel(parts, modelName), name };
    const created = evaluations.create(key, { modelName, evaluationParameters });
    if (created === undefined) {
      throw new ApiError(409, { code: 'EvaluationAlreadyExists', message: `An evaluation "${name}" exists already.` });
    }
    evaluationRuns.wake();
    return c.json(created, 201);
  });
  api.get('/models/:model/evaluations/:name', (c) => {
    return c.json(existing(parts, nameOf(c, 'model'), nameOf(c, 'name')).evaluation);
  });
  api.delete('/models/:model/evaluations/:name', (c) => {
    const { key, evaluation } = existing(parts, nameOf(c, 'model'), nameOf(c, 'name'));
    if (!isTerminalEvaluationStatus(evaluation.status)) {
      throw invalidRequest(`Evaluation "${key.name}" is ${evaluation.status}; wait until it has ended.`);
    }
    evaluations.delete(key);
    return c.body(null, 204);
  });
  api.get('/models/:model/evaluations', (c) => {
    const page = pageOfQuery(c);
    return c.json(pageAnswer(c, evaluations.list(trainingOf(parts, nameOf(c, 'model')), page), page));
  });
  documentEvaluations(api);
}

function trainingOf(parts: ServiceParts, model: string): string {
  const trainingId = parts.models.trainingId(existingModel(parts, model).name);
  if (trainingId !== undefined) return trainingId;
  throw new ApiError(404, { code: 'ModelNotFound', message: `There is no model "${model}".` });
}

/** SW04 names 400 and no 404 for this PUT; the code is that of a failed evaluation. */
function trainedModel(parts: ServiceParts, name: string): string {
  const model = parts.models.get(name);
  const trainingId = parts.models.trainingId(name);
  if (model === undefined || trainingId === undefined) {
    throw new ApiError(400, { code: 'modelNotFound', message: `There is no model "${name}".` });
  }
  if (model.status === 'succeeded') return trainingId;
  throw invalidRequest(`Model "${name}" is ${model.status}; only a model that succeeded can be evaluated.`);
}

function existing(
  parts: ServiceParts,
  model: string,
  name: string,
): { key: EvaluationKey; evaluation: StoredEvaluation } {
  const key = { trainingId: trainingOf(parts, model), name };
  const evaluation = parts.evaluations.get(key);
  if (evaluation !== undefined) return { key, evaluation };
  throw new ApiError(404, {
    code: 'EvaluationNotFound',
    message: `There is no evaluation "${name}" of model "${model}".`,
  });
}

function documentEvaluations(api: Api): void {
  const registry = api.openAPIRegistry;
  const path = '/models/{model}/evaluations/{name}';
  const request = { params: named('model', 'name'), query: ApiVersionQuery };
  const found = (status: number, description: string) => ({ status, description, schema: ModelEvaluationSchema });
  registry.registerPath({
    path,
    request,
    method: 'get',
    responses: answers(found(200, 'The evaluation'), 400, 401, 404),
  });
  registry.registerPath({
    path,
    method: 'put',
    request: { ...request, body: jsonBody(EvaluationRequestSchema) },
    responses: answers(found(201, 'Created; it waits for its turn'), 400, 401, 409),
  });
  registry.registerPath({
    path,
    request,
    method: 'delete',
    responses: answers({ status: 204, description: 'Deleted' }, 400, 401, 404),
  });
  registry.registerPath({
    method: 'get',
    path: '/models/{model}/evaluations',
    request: { params: named('model'), query: ApiVersionQuery.extend(PageQuerySchema.shape) },
    responses: answers(
      { status: 200, description: 'A page of evaluations', schema: pageOf(ModelEvaluationSchema) },
      400,
      401,
      404,
    ),
  });
}
