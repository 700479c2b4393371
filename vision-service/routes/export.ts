import { TaskFailure } from '../queue/failure.ts';
import type { Api } from './api.ts';
import { ApiError, invalidRequest } from './errors.ts';
import { existingModel, trainingOf } from './models.ts';
import { OneName } from './names.ts';
import type { ServiceParts } from './parts.ts';
import { VersionQuery } from './query.ts';

/** Trained models as files, beside the contract. */
export function addExportRoute(api: Api, parts: ServiceParts): void {
  api.add(
    {
      method: 'get',
      path: '/models/{name}:export',
      id: 'exportModel',
      tag: 'Models',
      summary: 'Get a trained model as a ZIP file: ONNX heads, labels, metrics, and what their features come from',
      params: OneName,
      query: VersionQuery,
      answer: {
        status: 200,
        description: 'The files',
        type: 'application/zip',
        schema: { type: 'string', format: 'binary' },
      },
      errors: [404],
    },
    async (c, { params: { name } }) => {
      const zip = await exported(parts, name);
      return c.body(new Uint8Array(zip), 200, {
        'content-type': 'application/zip',
        'content-disposition': `attachment; filename="${name}.zip"`,
      });
    },
  );
}

async function exported(parts: ServiceParts, name: string): Promise<Uint8Array> {
  const { status, modelPerformance } = existingModel(parts, name);
  if (status !== 'succeeded') {
    throw invalidRequest(`Model "${name}" is ${status}; only a model that succeeded can be exported.`);
  }
  try {
    const trainingId = trainingOf(parts, name);
    return await parts.inference.run({ kind: 'export', trainingId, performance: modelPerformance });
  } catch (error) {
    if (!(error instanceof TaskFailure && error.code === 'modelNotFound')) throw error;
    throw new ApiError(404, { code: 'ModelNotFound', message: error.message });
  }
}
