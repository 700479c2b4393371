import { z } from 'zod';
import { EMBEDDED_CAPABILITIES } from '../../vision/capabilities.ts';
import { AnalyzeRequestSchema, PredictionSchema } from '../../vision/contract.ts';
import { TaskFailure } from '../queue/failure.ts';
import type { Api } from './api.ts';
import { eitherBody, imageBody, jsonBody } from './body.ts';
import { ApiError, invalidRequest } from './errors.ts';
import { existingModel } from './models.ts';
import type { ServiceParts } from './parts.ts';
import { VersionQuery } from './query.ts';

const AnalyzeQuery = VersionQuery.extend({
  'model-name': z
    .string({ error: 'is missing; name a model whose training succeeded' })
    .min(1, 'must name a model')
    .meta({ description: 'A model whose training succeeded' }),
  features: z.string().max(0, 'this service has no visual features; give model-name only').optional(),
});

/** Predict with a custom model, from raw bytes or from `{url}` (UnifiedVision, 2023-04-01-preview). */
export function addAnalyzeRoute(api: Api, parts: ServiceParts): void {
  const { limits, inFlight, inference } = parts;
  api.add(
    {
      method: 'post',
      path: '/imageanalysis:analyze',
      id: 'analyzeImage',
      tag: 'Predictions',
      summary: 'Predict with a model: tags of a classifier, objects of a detector',
      query: AnalyzeQuery,
      body: eitherBody(jsonBody(AnalyzeRequestSchema, limits.maxJsonBytes), imageBody(limits.maxImageBytes, inFlight)),
      answer: { status: 200, description: 'The prediction', schema: PredictionSchema },
      errors: [404, 429],
    },
    async (c, { query, body }) => {
      const trainingId = requestedTraining(parts, query['model-name']);
      // Bytes that were sent have their room already; how many a download brings is not known before.
      const release = 'url' in body ? inFlight.claim(EMBEDDED_CAPABILITIES.maxPredictBytes) : undefined;
      const image = 'url' in body ? body.url : body;
      try {
        return c.json(await inference.run({ kind: 'predict', trainingId, image }));
      } catch (error) {
        throw error instanceof TaskFailure ? asApiError(error) : error;
      } finally {
        release?.();
      }
    },
  );
}

function requestedTraining(parts: ServiceParts, name: string): string {
  const training = parts.models.training(name);
  if (training?.status === 'succeeded') return training.trainingId;
  throw invalidRequest(
    `Model "${name}" is ${existingModel(parts, name).status}; only a model that succeeded can predict.`,
  );
}

function asApiError(failure: TaskFailure): Error {
  if (failure.code === 'modelNotFound') return new ApiError(404, { code: 'ModelNotFound', message: failure.message });
  return failure.code === 'unknown' ? failure : invalidRequest(failure.message, failure.code);
}
