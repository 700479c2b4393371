import { describe, expect, it } from 'vitest';
import { settingsFromEnvironment } from '../../vision-service/settings.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { callJson, classification, startService, writeCoco } from './http-helpers.ts';

const FIRST = classification('https://one.blob.core.windows.net/c/coco.json');
const TOKEN = 'sv=2022-11-02&sp=r&sig=c2VjcmV0';

async function refusal(answer: Response) {
  const { error } = JSON.parse(await answer.text());
  return { status: answer.status, inner: error.innererror?.code, message: error.message };
}

describe('the authentication of a dataset', () => {
  it('needs a token for sas, and a usable one, which no refusal repeats', async () => {
    const { service } = await startService(await temporaryFolder());
    const put = (sasToken?: string) =>
      callJson(service, 'PUT /datasets/d', { ...FIRST, authentication: { kind: 'sas', sasToken } });
    expect(await refusal(await put())).toMatchObject({ status: 400, inner: 'BadArgument' });
    const url = await refusal(await put(`https://one.blob.core.windows.net/c?${TOKEN}`));
    expect(url).toMatchObject({ status: 400, message: expect.stringContaining('is a whole URL') });
    for (const bad of ['?', 'sig=a b', 'sig=\nx', 'sig=c2VjcmV0#x', `sig=${'x'.repeat(5000)}`]) {
      const { status, message } = await refusal(await put(bad));
      expect([status, message]).toEqual([400, expect.stringContaining('authentication.sasToken')]);
      expect(message).not.toContain('c2VjcmV0');
    }
    expect((await put(`?${TOKEN}`)).status).toBe(201);
  });

  it('is not needed for files of this machine, whatever kind is named', async () => {
    const home = await temporaryFolder();
    const { service } = await startService(home);
    const local = classification(await writeCoco(home, 'c.json', { perClass: 2 }));
    for (const kind of ['none', 'sas', 'managedIdentity']) {
      const answer = await callJson(service, `PUT /datasets/${kind}`, { ...local, authentication: { kind } });
      expect([answer.status, await answer.json()]).toEqual([
        201,
        expect.objectContaining({ authentication: { kind } }),
      ]);
    }
  });

  it('is kept by an update that does not mention it, or sends back what was answered', async () => {
    const { service } = await startService(await temporaryFolder());
    await callJson(service, 'PUT /datasets/d', { ...FIRST, authentication: { kind: 'sas', sasToken: TOKEN } });
    for (const change of [
      { customProperties: { a: 'b' } },
      { authentication: { kind: 'sas' } },
      classification('https://one.blob.core.windows.net/other/coco.json'),
    ]) {
      const answer = await callJson(service, 'PATCH /datasets/d', change);
      expect(await answer.json()).toMatchObject({ authentication: { kind: 'sas' } });
    }
  });

  it('goes with a change of its kind: a token that was dropped must be given again', async () => {
    const { service } = await startService(await temporaryFolder());
    await callJson(service, 'PUT /datasets/d', { ...FIRST, authentication: { kind: 'sas', sasToken: TOKEN } });
    expect((await callJson(service, 'PATCH /datasets/d', { authentication: { kind: 'none' } })).status).toBe(200);
    const again = await callJson(service, 'PATCH /datasets/d', { authentication: { kind: 'sas' } });
    expect(await refusal(again)).toMatchObject({ status: 400, inner: 'BadArgument' });
  });

  it('does not follow a dataset that moves to another host', async () => {
    const { service } = await startService(await temporaryFolder());
    await callJson(service, 'PUT /datasets/d', { ...FIRST, authentication: { kind: 'sas', sasToken: TOKEN } });
    const elsewhere = classification('https://two.example.com/coco.json');
    expect(await refusal(await callJson(service, 'PATCH /datasets/d', elsewhere))).toMatchObject({
      status: 400,
      message: expect.stringContaining('other hosts than https://two.example.com'),
    });
    const signed = { ...elsewhere, authentication: { kind: 'sas', sasToken: TOKEN } };
    expect((await callJson(service, 'PATCH /datasets/d', signed)).status).toBe(200);
  });

  it('by managed identity is refused without one, and for hosts that may not see it', async () => {
    const identity = { authentication: { kind: 'managedIdentity' } };
    const without = await startService(await temporaryFolder());
    const answer = await callJson(without.service, 'PUT /datasets/d', { ...FIRST, ...identity });
    expect(await refusal(answer)).toMatchObject({
      status: 400,
      inner: 'NotSupportedAuthentication',
      message: expect.stringContaining('DELTALOOP_VISION_MANAGED_IDENTITY=1'),
    });
    const access = { managedIdentity: true, credentialOrigins: ['https://data.example.com'] };
    const { service } = await startService(await temporaryFolder(), access);
    const put = (name: string, uri: string) =>
      callJson(service, `PUT /datasets/${name}`, { ...classification(uri), ...identity });
    expect((await put('a', 'https://one.blob.core.windows.net/c/coco.json')).status).toBe(201);
    expect((await put('b', 'https://data.example.com/coco.json')).status).toBe(201);
    for (const uri of [
      'http://one.blob.core.windows.net/c.json',
      'https://one.blob.core.windows.net.evil.com/c.json',
    ]) {
      expect(await refusal(await put('c', uri))).toMatchObject({
        status: 400,
        message: expect.stringContaining('DELTALOOP_VISION_CREDENTIAL_HOSTS'),
      });
    }
  });
});

describe('the hosts that may get credentials', () => {
  const origins = (list: string) =>
    settingsFromEnvironment({ DELTALOOP_VISION_KEY: 'a-key-for-tests', DELTALOOP_VISION_CREDENTIAL_HOSTS: list })
      .credentialOrigins;

  it('are https unless they are this machine', () => {
    expect(origins('a.example, https://b.example:8443,http://127.0.0.1:10000')).toEqual([
      'https://a.example',
      'https://b.example:8443',
      'http://127.0.0.1:10000',
    ]);
    for (const bad of ['http://a.example', 'a.example/path', 'ftp://a.example', 'user@a.example']) {
      expect(() => origins(bad), bad).toThrow('DELTALOOP_VISION_CREDENTIAL_HOSTS');
    }
  });
});
