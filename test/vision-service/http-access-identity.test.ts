import { expect, it, vi } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { serve } from './file-server.ts';
import { callJson, ended, picture, startService, training } from './http-helpers.ts';

const TOKEN = 'a-bearer-token';

/** Images and their COCO file, for those who show the token. */
async function startData(): Promise<string> {
  const files = ['red-0', 'red-1', 'red-2', 'green-0', 'green-1', 'green-2'];
  const pictures = new Map<string, Buffer>(
    await Promise.all(files.map(async (file, i) => [`/${file}`, await picture(file.split('-')[0] ?? '', i)] as const)),
  );
  const url: string = await serve((request, response) => {
    if (request.headers.authorization === `Bearer ${TOKEN}`) {
      response.end(pictures.get(request.url ?? '') ?? JSON.stringify(coco));
    } else response.writeHead(401).end();
  });
  const coco = {
    images: files.map((file, i) => ({ id: i + 1, width: 64, height: 64, file_name: file, coco_url: `${url}/${file}` })),
    annotations: files.map((file, i) => ({ id: i + 1, image_id: i + 1, category_id: file.startsWith('red') ? 1 : 2 })),
    categories: ['red', 'green'].map((name, i) => ({ id: i + 1, name })),
  };
  return url;
}

it('a dataset is read with the identity that the Azure SDK finds on the machine', async () => {
  const asked: string[] = [];
  // What a machine of Azure App Service offers to its programs.
  const identity = await serve((request, response) => {
    asked.push(`${String(request.headers['x-identity-header'])} ${request.url}`);
    const expires = Math.floor(Date.now() / 1000) + 3600;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({ access_token: TOKEN, expires_on: `${expires}`, token_type: 'Bearer', resource: 'r' }),
    );
  });
  vi.stubEnv('IDENTITY_ENDPOINT', `${identity}/msi/token`);
  vi.stubEnv('IDENTITY_HEADER', 'a-header');
  const url = await startData();
  const access = { managedIdentity: true, allowPrivate: true, credentialOrigins: [url] };
  const { service, client } = await startService(await temporaryFolder(), access);
  expect(asked).toEqual([]);
  const answer = await callJson(service, 'PUT /datasets/d', {
    annotationKind: 'imageClassification',
    annotationFileUris: [`${url}/coco.json`],
    authentication: { kind: 'managedIdentity' },
  });
  expect(answer.status).toBe(201);
  await client.createModel('m', training('d'));
  expect((await ended(client, 'm')).error).toBeUndefined();
  expect(asked).toHaveLength(1);
  expect(asked[0]).toMatch(/^a-header .*storage\.azure\.com/);
  vi.unstubAllEnvs();
});
