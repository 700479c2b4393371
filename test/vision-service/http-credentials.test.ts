import type { IncomingMessage, RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import { type Credential, credentialOf, mayCarry, signedUrl } from '../../vision-service/data-access/credentials.ts';
import { StorageTokens, type TokenCredential } from '../../vision-service/data-access/managed-identity.ts';
import { readSource } from '../../vision-service/data-access/source.ts';
import { serve } from './file-server.ts';

const TOKEN = 'sv=2022-11-02&sp=r&sig=a%2Bb%3D';
const ACCESS = { allowedRoots: [], allowPrivate: true, patience: { attempts: 1 } };

/** A server that notes what it is asked and answers as told. */
async function noting(answer: RequestListener = (_, response) => void response.end('here')) {
  const requests: IncomingMessage[] = [];
  const url = await serve((request, response) => {
    requests.push(request);
    answer(request, response);
  });
  return { url, requests, targets: () => requests.map((request) => request.url) };
}

const to = (location: () => string): RequestListener => {
  return (_, response) => void response.writeHead(302, { location: location() }).end();
};

function sas(...uris: string[]): Credential | undefined {
  return credentialOf({ kind: 'sas', uris, sasToken: TOKEN });
}

function read(uri: string, credential: Credential | undefined, more: { tokens?: StorageTokens } = {}) {
  return readSource(uri, ACCESS, { maxBytes: 100, credential, ...more });
}

describe('a SAS token', () => {
  it('is put behind every URL of its hosts, with & where there is a query already, byte for byte', async () => {
    const { url, targets } = await noting();
    const credential = sas(`${url}/c/coco.json`);
    for (const file of ['/c/1.png', '/c/2.png?snapshot=7']) await read(`${url}${file}`, credential);
    expect(targets()).toEqual([`/c/1.png?${TOKEN}`, `/c/2.png?snapshot=7&${TOKEN}`]);
  });

  it('leaves a URL alone that brings a signature of its own', () => {
    const url = new URL('https://a.example/x.png?sv=1&sig=own');
    expect(signedUrl(url, sas('https://a.example/c.json')).href).toBe(url.href);
  });

  it('goes to the https form of its hosts, but not from https to http, nor to another port, host or file', () => {
    const may = (uri: string, from: string) => {
      const credential = sas(from);
      return credential !== undefined && mayCarry(new URL(uri), credential);
    };
    expect(may('https://a.example/x', 'https://a.example/c.json')).toBe(true);
    expect(may('https://a.example/x', 'http://a.example/c.json')).toBe(true);
    expect(may('http://a.example/x', 'https://a.example/c.json')).toBe(false);
    expect(may('https://a.example:8443/x', 'https://a.example/c.json')).toBe(false);
    expect(may('https://b.a.example/x', 'https://a.example/c.json')).toBe(false);
    expect(may('https://a.example/x', 'file:///c.json')).toBe(false);
  });

  it('does not go to an image on another host, whose refusal says so, unless that host is listed', async () => {
    const foreign = await noting((request, response) => {
      response.writeHead(request.url?.includes('sig=') ? 200 : 403).end();
    });
    const credential = sas('https://a.example/c.json');
    await expect(read(`${foreign.url}/x.png`, credential)).rejects.toThrow(
      /answered 403; it was asked without.*DELTALOOP_VISION_CREDENTIAL_HOSTS/,
    );
    expect(foreign.targets()).toEqual(['/x.png']);
    const listed = { ...ACCESS, credentialOrigins: [foreign.url] };
    await readSource(`${foreign.url}/x.png`, listed, { maxBytes: 9, credential });
    expect(foreign.targets()[1]).toBe(`/x.png?${TOKEN}`);
  });

  it('follows a redirect on its host, and none away from it, even if the server puts it there or sends it back', async () => {
    const b = await noting((request, response) => {
      if (request.url?.startsWith('/back')) response.writeHead(302, { location: `${a.url}/end` }).end();
      else response.end('there');
    });
    const a = await noting((request, response) => {
      const path = request.url ?? '';
      if (path.startsWith('/stay')) response.writeHead(302, { location: '/end' }).end();
      else if (path.startsWith('/end')) response.end('here');
      else response.writeHead(302, { location: `${b.url}${path}` }).end();
    });
    const credential = sas(`${a.url}/c.json`);
    await read(`${a.url}/stay`, credential);
    expect(a.targets()).toEqual([`/stay?${TOKEN}`, `/end?${TOKEN}`]);
    await read(`${a.url}/away?id=7`, credential);
    expect(b.targets()).toEqual(['/away?id=7']);
    await read(`${a.url}/back`, credential);
    expect(a.targets().at(-1)).toBe('/end');
  });

  it('is in no error, whatever goes wrong', async () => {
    const { url } = await noting((request, response) => {
      if (request.url?.startsWith('/word')) {
        response.writeHead(403, { 'x-ms-error-code': 'sig=a+b=' }).end();
      } else request.socket.destroy();
    });
    const loop = await noting(to(() => `${loop.url}/on?sig=a%2Bb%3D`));
    const gone = await noting(to(() => 'ftp://x/?sig=a%2Bb%3D'));
    for (const uri of [`${url}/word`, `${url}/reset`, `${loop.url}/loop`, `${gone.url}/ftp`, 'http://127.0.0.1:1/x']) {
      const error = await read(uri, sas(uri)).catch((reason: unknown) => reason);
      expect(error, uri).toBeInstanceOf(Error);
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error)), uri).not.toMatch(/sig|a%2Bb|a\+b/);
    }
  });
});

describe('a managed identity', () => {
  function tokens(expiresIn = 3_600_000) {
    const scopes: string[] = [];
    const credential: TokenCredential = {
      async getToken(scope) {
        scopes.push(scope);
        return { token: `t${scopes.length}`, expiresOnTimestamp: Date.now() + expiresIn };
      },
    };
    return { scopes, source: new StorageTokens(async () => credential) };
  }
  const identity: Credential = { kind: 'managedIdentity', origins: [] };

  it('shows its token to hosts that may see it, with a version of the storage API, and to no other', async () => {
    const { scopes, source } = tokens();
    const foreign = await noting();
    const trusted = await noting(to(() => `${foreign.url}/x.png`));
    const credential = { ...identity, origins: [trusted.url] };
    await read(`${trusted.url}/c.json`, credential, { tokens: source });
    expect(trusted.requests[0]?.headers).toMatchObject({ authorization: 'Bearer t1', 'x-ms-version': '2021-12-02' });
    await read(`${foreign.url}/y.png`, credential, { tokens: source });
    expect(foreign.requests.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
    expect(scopes).toEqual(['https://storage.azure.com/.default']);
  });

  it('may be shown to Azure Blob Storage over https only', () => {
    const may = (uri: string) => mayCarry(new URL(uri), identity);
    for (const host of ['a.blob.core.windows.net', 'a.z12.blob.storage.azure.net', 'a-b.blob.core.chinacloudapi.cn']) {
      expect(may(`https://${host}/c/x.png`), host).toBe(true);
      expect(may(`http://${host}/c/x.png`), host).toBe(false);
      expect(may(`https://${host}:8443/c/x.png`), host).toBe(false);
      expect(may(`https://${host}.evil.com/c/x.png`), host).toBe(false);
    }
    expect(may('https://blob.core.windows.net/x')).toBe(false);
    expect(may('https://evil.com/a.blob.core.windows.net')).toBe(false);
  });

  it('asks for one token for many images, and for a new one before it ends', async () => {
    const fresh = tokens();
    await Promise.all(Array.from({ length: 20 }, () => fresh.source.headers()));
    expect(fresh.scopes).toHaveLength(1);
    const short = tokens(60_000);
    await short.source.headers();
    expect(await short.source.headers()).toMatchObject({ authorization: 'Bearer t2' });
  });

  it('that gives no token says why, and is asked again the next time', async () => {
    let calls = 0;
    const source = new StorageTokens(async () => ({
      async getToken() {
        calls += 1;
        if (calls === 1) throw new Error('no identity here\nand a long story');
        return { token: 't', expiresOnTimestamp: Date.now() + 3_600_000 };
      },
    }));
    await expect(source.headers()).rejects.toThrow(/gives no token for Azure Storage \(Error: no identity here\)$/);
    expect(await source.headers()).toMatchObject({ authorization: 'Bearer t' });
  });
});
