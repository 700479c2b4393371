import {
  EvaluationRequestSchema,
  isTerminalEvaluationStatus,
  ModelEvaluationSchema,
  pageOf,
} from '../../vision/contract.ts';
import type { StoredEvaluation } from '../store/evaluations.ts';
import type { RunKey } from '../store/runs.ts';
import type { Api } from './api.ts';
import { jsonBody } from './body.ts';
import { ApiError, invalidRequest } from './errors.ts';
import { trainingOf } from './models.ts';
import { ModelName, NameOfModel } from './names.ts';
import type { ServiceParts } from './parts.ts';
import { PageQuery, pageAnswer, VersionQuery } from './query.ts';

/** Create, get, list and delete evaluations (UnifiedVision, 2023-04-01-preview). */
export function addEvaluationRoutes(api: Api, parts: ServiceParts): void {
  const { evaluations, evaluationRuns, limits } = parts;
  const all = { path: '/models/{model}/evaluations', tag: 'Evaluations' };
  const one = { ...all, path: `${all.path}/{name}`, params: NameOfModel, query: VersionQuery };
  const found = (status: number, description: string) => ({ status, description, schema: ModelEvaluationSchema });

  api.add(
    {
      ...one,
      method: 'put',
      id: 'createEvaluation',
      summary: 'Create an evaluation, which queues it',
      body: jsonBody(EvaluationRequestSchema, limits.maxJsonBytes),
      answer: found(201, 'Created; it waits for its turn'),
      errors: [409],
    },
    (c, { params: { model, name }, body }) => {
      const key = { trainingId: trainedModel(parts, model), name };
      const created = evaluations.create(key, { name, modelName: model, ...body });
      if (created === undefined) {
        const message = `An evaluation "${name}" exists already.`;
        throw new ApiError(409, { code: 'EvaluationAlreadyExists', message });
      }
      evaluationRuns.wake();
      return c.json(created, 201);
    },
  );
  api.add(
    {
      ...one,
      method: 'get',
      id: 'getEvaluation',
      summary: 'Get an evaluation',
      answer: found(200, 'The evaluation'),
      errors: [404],
    },
    (c, { params }) => c.json(existing(parts, params).evaluation),
  );
  api.add(
    {
      ...one,
      method: 'delete',
      id: 'deleteEvaluation',
      summary: 'Delete an evaluation that has ended',
      answer: { status: 204, description: 'Deleted' },
      errors: [404],
    },
    (c, { params }) => {
      const { key, evaluation } = existing(parts, params);
      if (!isTerminalEvaluationStatus(evaluation.status)) {
        throw invalidRequest(`Evaluation "${key.name}" is ${evaluation.status}; wait until it has ended.`);
      }
      evaluations.delete(key);
      return c.body(null, 204);
    },
  );
  api.add(
    {
      ...all,
      method: 'get',
      id: 'listEvaluations',
      summary: 'List the evaluations of a model in the order of their creation',
      params: ModelName,
      query: PageQuery,
      answer: { status: 200, description: 'A page of evaluations', schema: pageOf(ModelEvaluationSchema) },
      errors: [404],
    },
    (c, { params, query }) => c.json(pageAnswer(c, evaluations.list(trainingOf(parts, params.model), query), query)),
  );
}

/** The contract names 400 and no 404 for this PUT; the code is that of a failed evaluation. */
function trainedModel({ models }: ServiceParts, name: string): string {
  const training = models.training(name);
  if (training === undefined) {
    throw new ApiError(400, { code: 'modelNotFound', message: `There is no model "${name}".` });
  }
  if (training.status === 'succeeded') return training.trainingId;
  throw invalidRequest(`Model "${name}" is ${training.status}; only a model that succeeded can be evaluated.`);
}

function existing(
  parts: ServiceParts,
  { model, name }: { model: string; name: string },
): { key: RunKey; evaluation: StoredEvaluation } {
  const key = { trainingId: trainingOf(parts, model), name };
  const evaluation = parts.evaluations.get(key);
  if (evaluation !== undefined) return { key, evaluation };
  throw new ApiError(404, {
    code: 'EvaluationNotFound',
    message: `There is no evaluation "${name}" of model "${model}".`,
  });
}
