import { type DatasetRequest, DatasetRequestSchema, DatasetSchema, pageOf } from '../../vision/contract.ts';
import { uriProblem } from '../data-access/source.ts';
import type { DatasetContent, ReadableDataset, StoredDataset } from '../store/datasets.ts';
import { authenticationOf } from './authentication.ts';
import { ApiVersionQuery, answers, jsonBody, named } from './documentation.ts';
import { ApiError, invalidRequest } from './errors.ts';
import type { Api, ServiceParts } from './parts.ts';
import { nameOf, PageQuerySchema, pageAnswer, pageOfQuery, readJson } from './request.ts';

/** Register, get, update, unregister and list datasets (UnifiedVision, 2023-04-01-preview). */
export function addDatasetRoutes(api: Api, parts: ServiceParts): void {
  const { datasets } = parts;
  api.put('/datasets/:name', async (c) => {
    const name = nameOf(c, 'name');
    const { content, sasToken } = contentOf(await readJson(c, DatasetRequestSchema), parts);
    const created = datasets.create(name, content, sasToken);
    if (created !== undefined) return c.json(created, 201);
    throw new ApiError(409, { code: 'DatasetAlreadyExists', message: `A dataset "${name}" is registered already.` });
  });
  api.get('/datasets/:name', (c) => c.json(existing(parts, nameOf(c, 'name'))));
  api.patch('/datasets/:name', async (c) => {
    const name = nameOf(c, 'name');
    const request = await readJson(c, DatasetRequestSchema);
    const current = existing(parts, name);
    requireMatch(current, c.req.header('if-match'));
    const { content, sasToken } = contentOf(request, parts, datasets.readable(name));
    return c.json(datasets.update(current, content, sasToken));
  });
  api.delete('/datasets/:name', (c) => {
    const current = existing(parts, nameOf(c, 'name'));
    requireMatch(current, c.req.header('if-match'));
    datasets.delete(current.name);
    return c.body(null, 204);
  });
  api.get('/datasets', (c) => {
    const page = pageOfQuery(c);
    return c.json(pageAnswer(c, datasets.list(page), page));
  });
  documentDatasets(api);
}

function existing({ datasets }: ServiceParts, name: string): StoredDataset {
  const dataset = datasets.get(name);
  if (dataset !== undefined) return dataset;
  throw new ApiError(404, { code: 'DatasetNotFound', message: `There is no dataset "${name}".` });
}

/** `If-Match` absent or `*` matches everything; quotes and a weak mark around an eTag are allowed. */
function requireMatch(dataset: StoredDataset, ifMatch: string | undefined): void {
  if (ifMatch === undefined) return;
  const tags = ifMatch.split(',').map((tag) => tag.trim().replace(/^(W\/)?"(.*)"$/, '$2'));
  if (tags.includes('*') || tags.includes(dataset.eTag)) return;
  throw new ApiError(412, {
    code: 'PreconditionFailed',
    message: `Dataset "${dataset.name}" has changed since: its eTag is another than that of If-Match.`,
  });
}

/** What a request makes of a dataset; what it does not mention stays as in `current`. */
function contentOf(
  request: DatasetRequest,
  { access }: ServiceParts,
  current?: ReadableDataset,
): { content: DatasetContent; sasToken: string | undefined } {
  const { annotationKind, annotationFileUris = [], customProperties } = { ...current?.dataset, ...request };
  if (annotationKind === undefined) throw invalidRequest('annotationKind is missing.', 'BadArgument');
  if (annotationFileUris.length === 0) throw invalidUri(['annotationFileUris is empty']);
  const problems = annotationFileUris.flatMap((uri) => uriProblem(uri, access) ?? []);
  if (problems.length > 0) throw invalidUri(problems);
  const given = { request: request.authentication, uris: annotationFileUris, current };
  const { authentication, sasToken } = authenticationOf(given, access);
  const custom = customProperties === undefined ? {} : { customProperties };
  return { content: { annotationKind, annotationFileUris, authentication, ...custom }, sasToken };
}

function invalidUri(problems: readonly string[]): ApiError {
  return new ApiError(400, { code: 'DatasetInvalidAnnotationUri', message: problems.join('; ') });
}

function documentDatasets(api: Api): void {
  const { registry } = { registry: api.openAPIRegistry };
  const one = { path: '/datasets/{name}', request: { params: named('name'), query: ApiVersionQuery } };
  const body = jsonBody(DatasetRequestSchema);
  const found = (status: number, description: string) => ({ status, description, schema: DatasetSchema });
  registry.registerPath({ ...one, method: 'get', responses: answers(found(200, 'The dataset'), 400, 401, 404) });
  registry.registerPath({
    ...one,
    method: 'put',
    request: { ...one.request, body },
    responses: answers(found(201, 'Registered'), 400, 401, 409),
  });
  registry.registerPath({
    ...one,
    method: 'patch',
    request: { ...one.request, body },
    responses: answers(found(200, 'Updated'), 400, 401, 404, 412),
  });
  registry.registerPath({
    ...one,
    method: 'delete',
    responses: answers({ status: 204, description: 'Unregistered' }, 400, 401, 404, 412),
  });
  registry.registerPath({
    method: 'get',
    path: '/datasets',
    request: { query: ApiVersionQuery.extend(PageQuerySchema.shape) },
    responses: answers({ status: 200, description: 'A page of datasets', schema: pageOf(DatasetSchema) }, 400, 401),
  });
}
