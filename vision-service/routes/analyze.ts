import type { Context } from 'hono';
import { z } from 'zod';
import { EMBEDDED_CAPABILITIES } from '../../vision/capabilities.ts';
import { AnalyzeRequestSchema, PredictionSchema } from '../../vision/contract.ts';
import { TaskFailure } from '../queue/failure.ts';
import { ApiVersionQuery, answers } from './documentation.ts';
import { ApiError, invalidRequest } from './errors.ts';
import { existingModel } from './models.ts';
import type { Api, ServiceParts } from './parts.ts';
import { readBytes, readJson } from './request.ts';

/** Predict with a custom model, from raw bytes or from `{url}` (UnifiedVision, 2023-04-01-preview). */
export function addAnalyzeRoute(api: Api, parts: ServiceParts): void {
  api.post('/imageanalysis:analyze', async (c) => {
    const trainingId = requestedTraining(c, parts);
    const image = await imageOf(c);
    try {
      return c.json(await parts.inference.run({ kind: 'predict', trainingId, image }));
    } catch (error) {
      throw error instanceof TaskFailure ? asApiError(error) : error;
    }
  });
  documentAnalyze(api);
}

function requestedTraining(c: Context, parts: ServiceParts): string {
  const name = c.req.query('model-name');
  if (c.req.query('features') !== undefined) {
    throw invalidRequest('This service has no visual features; give model-name only.', 'NotSupportedVisualFeature');
  }
  if (name === undefined) throw invalidRequest('model-name is missing.', 'BadArgument');
  const training = parts.models.training(name);
  if (training?.status === 'succeeded') return training.trainingId;
  throw invalidRequest(
    `Model "${name}" is ${existingModel(parts, name).status}; only a model that succeeded can predict.`,
  );
}

async function imageOf(c: Context): Promise<Uint8Array | string> {
  const type = (c.req.header('content-type') ?? 'application/octet-stream').toLowerCase();
  if (type.includes('json')) return (await readJson(c, AnalyzeRequestSchema)).url;
  if (type.startsWith('image/') || type.startsWith('application/octet-stream')) {
    return readBytes(c, EMBEDDED_CAPABILITIES.maxPredictBytes);
  }
  throw invalidRequest('Send application/json with a url, or the image as application/octet-stream or image/*.');
}

function asApiError(failure: TaskFailure): Error {
  if (failure.code === 'modelNotFound') return new ApiError(404, { code: 'ModelNotFound', message: failure.message });
  return failure.code === 'unknown' ? failure : invalidRequest(failure.message, failure.code);
}

function documentAnalyze(api: Api): void {
  api.openAPIRegistry.registerPath({
    method: 'post',
    path: '/imageanalysis:analyze',
    request: {
      query: ApiVersionQuery.extend({ 'model-name': z.string() }),
      body: {
        required: true,
        content: {
          'application/json': { schema: AnalyzeRequestSchema },
          'application/octet-stream': { schema: { type: 'string', format: 'binary' } },
        },
      },
    },
    responses: answers({ status: 200, description: 'The prediction', schema: PredictionSchema }, 400, 401, 404, 413),
  });
}
