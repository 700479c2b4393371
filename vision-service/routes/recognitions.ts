import { isTerminalEvaluationStatus, ProductRecognitionRunSchema, pageOf } from '../../vision/contract.ts';
import type { StoredRecognition } from '../store/recognitions.ts';
import type { RunKey } from '../store/runs.ts';
import type { Api } from './api.ts';
import { imageBody } from './body.ts';
import { ApiError, invalidRequest } from './errors.ts';
import { existingModel, trainingOf } from './models.ts';
import { ModelName, NameOfModel } from './names.ts';
import type { ServiceParts } from './parts.ts';
import { ProductPageQuery, ProductVersionQuery, pageAnswer } from './query.ts';

/** Create, get, list and delete product-recognition runs (UnifiedVision, 2023-07-01-preview). */
export function addRecognitionRoutes(api: Api, parts: ServiceParts): void {
  const { recognitions, recognitionRuns, limits, inFlight } = parts;
  const all = pathsOf('/{model}/runs');
  const one = { ...pathsOf('/{model}/runs/{name}'), params: NameOfModel, query: ProductVersionQuery };
  const found = (status: number, description: string) => {
    return { status, description, schema: ProductRecognitionRunSchema };
  };

  api.add(
    {
      ...one,
      method: 'put',
      id: 'createRecognition',
      summary: 'Look at a photo of a shelf with a Product-Recognizer, which queues the run',
      body: imageBody(limits.maxImageBytes, inFlight),
      answer: found(201, 'Created; it waits for its turn'),
      errors: [404, 409, 429],
    },
    async (c, { params: { model, name }, body }) => {
      requireRecognizer(parts, model);
      if (body.length === 0) throw invalidRequest('The image has no bytes.', 'InvalidImageSize');
      const created = await createRun(parts, { model, name, image: body });
      recognitionRuns.wake();
      return c.json(shown(created), 201);
    },
  );
  api.add(
    { ...one, method: 'get', id: 'getRecognition', summary: 'Get a run', answer: found(200, 'The run'), errors: [404] },
    (c, { params }) => c.json(shown(existing(parts, params).run)),
  );
  api.add(
    {
      ...one,
      method: 'delete',
      id: 'deleteRecognition',
      summary: 'Delete a run that has ended',
      answer: { status: 204, description: 'Deleted' },
      errors: [404],
    },
    (c, { params }) => {
      const { key, run } = existing(parts, params);
      if (!isTerminalEvaluationStatus(run.status)) {
        throw invalidRequest(`Run "${key.name}" is ${run.status}; wait until it has ended.`);
      }
      recognitions.delete(key);
      return c.body(null, 204);
    },
  );
  api.add(
    {
      ...all,
      method: 'get',
      id: 'listRecognitions',
      summary: 'List the runs of a model in the order of their creation',
      params: ModelName,
      query: ProductPageQuery,
      answer: { status: 200, description: 'A page of runs', schema: pageOf(ProductRecognitionRunSchema) },
      errors: [404],
    },
    (c, { params, query }) => {
      const { items, more } = recognitions.list(trainingOf(parts, params.model), query);
      return c.json(pageAnswer(c, { items: items.map(shown), more }, query));
    },
  );
}

/** The path of today, and the one of the first draft of the contract. */
function pathsOf(rest: string) {
  return {
    path: `/productrecognition${rest}`,
    alsoAt: [`/productrecognition:analyze${rest}`],
    tag: 'Product recognition',
  };
}

/** A run as the contract answers it. */
function shown(stored: StoredRecognition): Omit<StoredRecognition, 'photo'> {
  const { photo: _photo, ...run } = stored;
  return run;
}

function requireRecognizer(parts: ServiceParts, name: string): void {
  const { status, trainingParameters } = existingModel(parts, name);
  if (trainingParameters.modelKind !== 'Product-Recognizer') {
    const message = `Model "${name}" is a ${trainingParameters.modelKind}; runs need a Product-Recognizer.`;
    throw invalidRequest(message, 'incorrectModelKind');
  }
  if (status === 'succeeded') return;
  throw invalidRequest(`Model "${name}" is ${status}; only a model that succeeded can look at photos.`);
}

/** The photo is on the disk before the run is: a run that exists can always be done. */
async function createRun(
  parts: ServiceParts,
  { model, name, image }: { model: string; name: string; image: Uint8Array },
): Promise<StoredRecognition> {
  const photo = await parts.photos.put(image);
  try {
    // The model may have been deleted while the photo was written.
    const key = { trainingId: trainingOf(parts, model), name };
    const created = parts.recognitions.create(key, { runName: name, modelName: model, photo });
    if (created !== undefined) return created;
    throw new ApiError(409, { code: 'RunAlreadyExists', message: `A run "${name}" exists already.` });
  } catch (error) {
    await parts.photos.drop(photo);
    throw error;
  }
}

function existing(
  parts: ServiceParts,
  { model, name }: { model: string; name: string },
): { key: RunKey; run: StoredRecognition } {
  const key = { trainingId: trainingOf(parts, model), name };
  const run = parts.recognitions.get(key);
  if (run !== undefined) return { key, run };
  throw new ApiError(404, { code: 'RunNotFound', message: `There is no run "${name}" of model "${model}".` });
}
