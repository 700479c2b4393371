import { z } from 'zod';
import {
  DatasetRegistrationSchema,
  type DatasetRequest,
  DatasetRequestSchema,
  DatasetSchema,
  pageOf,
} from '../../vision/contract.ts';
import { uriProblem } from '../data-access/source.ts';
import type { DatasetContent, ReadableDataset, StoredDataset } from '../store/datasets.ts';
import type { Api } from './api.ts';
import { authenticationOf } from './authentication.ts';
import { jsonBody } from './body.ts';
import { ApiError, invalidRequest } from './errors.ts';
import { OneName } from './names.ts';
import type { ServiceParts } from './parts.ts';
import { PageQuery, pageAnswer, VersionQuery } from './query.ts';

/** Register, get, update, unregister and list datasets (UnifiedVision, 2023-04-01-preview). */
export function addDatasetRoutes(api: Api, parts: ServiceParts): void {
  const { datasets, limits } = parts;
  const one = { path: '/datasets/{name}', tag: 'Datasets', params: OneName, query: VersionQuery };
  const found = (status: number, description: string) => ({ status, description, schema: DatasetSchema });

  api.add(
    {
      ...one,
      method: 'put',
      id: 'registerDataset',
      summary: 'Register a dataset',
      body: jsonBody(DatasetRegistrationSchema, limits.maxJsonBytes),
      answer: found(201, 'Registered'),
      errors: [409],
    },
    (c, { params: { name }, body }) => {
      const { content, sasToken } = contentOf(body, parts);
      const created = datasets.create(name, content, sasToken);
      if (created !== undefined) return c.json(created, 201);
      throw new ApiError(409, { code: 'DatasetAlreadyExists', message: `A dataset "${name}" is registered already.` });
    },
  );
  api.add(
    {
      ...one,
      method: 'get',
      id: 'getDataset',
      summary: 'Get a dataset',
      answer: found(200, 'The dataset'),
      errors: [404],
    },
    (c, { params }) => c.json(existing(parts, params.name)),
  );
  api.add(
    {
      ...one,
      method: 'patch',
      id: 'updateDataset',
      summary: 'Change what the body names of a dataset',
      headers: IfMatch,
      body: jsonBody(DatasetRequestSchema, limits.maxJsonBytes),
      answer: found(200, 'Updated'),
      errors: [404, 412],
    },
    (c, { params, body }) => {
      const current = existing(parts, params.name);
      const { content, sasToken } = contentOf(body, parts, datasets.readable(current.name));
      requireMatch(current, c.req.header('if-match'));
      return c.json(datasets.update(current, content, sasToken));
    },
  );
  api.add(
    {
      ...one,
      method: 'delete',
      id: 'unregisterDataset',
      summary: 'Unregister a dataset; its files stay where they are',
      headers: IfMatch,
      answer: { status: 204, description: 'Unregistered' },
      errors: [404, 412],
    },
    (c, { params }) => {
      const current = existing(parts, params.name);
      requireMatch(current, c.req.header('if-match'));
      datasets.delete(current.name);
      return c.body(null, 204);
    },
  );
  api.add(
    {
      method: 'get',
      path: '/datasets',
      id: 'listDatasets',
      tag: 'Datasets',
      summary: 'List datasets in the order of their registration',
      query: PageQuery,
      answer: { status: 200, description: 'A page of datasets', schema: pageOf(DatasetSchema) },
    },
    (c, { query }) => c.json(pageAnswer(c, datasets.list(query), query)),
  );
}

const IfMatch = z.object({
  'If-Match': z.string().min(1).optional().meta({ description: 'The eTag that the dataset must still have, or *' }),
});

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
