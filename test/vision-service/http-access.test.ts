import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isPrivateAddress } from '../../vision-service/data-access/addresses.ts';
import { readSource, uriProblem } from '../../vision-service/data-access/source.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { serve } from './file-server.ts';

const OPEN = { allowedRoots: [], allowPrivate: true };

describe('a file URI', () => {
  it('is read below a root, and nowhere else, not even over a link or a prefix', async () => {
    const folder = await temporaryFolder();
    const root = path.join(folder, 'root');
    await mkdir(path.join(folder, 'root-2'), { recursive: true });
    await mkdir(root);
    await writeFile(path.join(root, 'in.txt'), 'inside');
    await writeFile(path.join(folder, 'root-2', 'out.txt'), 'outside');
    await symlink(path.join(folder, 'root-2'), path.join(root, 'link'));
    const access = { allowedRoots: [root], allowPrivate: false };
    const uri = (...parts: string[]) => pathToFileURL(path.join(folder, ...parts)).href;
    expect((await readSource(uri('root', 'in.txt'), access, { maxBytes: 6 })).toString()).toBe('inside');
    await expect(readSource(uri('root', 'in.txt'), access, { maxBytes: 5 })).rejects.toThrow('6 bytes, more than 5');
    await expect(readSource(uri('root', 'link', 'out.txt'), access, { maxBytes: 9 })).rejects.toThrow('lies outside');
    await expect(readSource(uri('root-2', 'out.txt'), access, { maxBytes: 9 })).rejects.toThrow('lies outside');
    expect(uriProblem(uri('root', 'in.txt'), access)).toBeUndefined();
    expect(uriProblem(uri('root-2', 'out.txt'), access)).toContain('lies outside');
    expect(uriProblem(`file://host${root}/in.txt`, access)).toBeDefined();
  });

  it('is never read from a closed folder, not even over a link, though a root holds it', async () => {
    const root = await temporaryFolder();
    await mkdir(path.join(root, 'state'));
    await writeFile(path.join(root, 'state', 'secrets.db'), 'secret');
    await writeFile(path.join(root, 'statement.txt'), 'open');
    await symlink(path.join(root, 'state'), path.join(root, 'link'));
    const access = { allowedRoots: [root], closedFolders: [path.join(root, 'state')], allowPrivate: false };
    const uri = (...parts: string[]) => pathToFileURL(path.join(root, ...parts)).href;
    expect(uriProblem(uri('state', 'secrets.db'), access)).toContain('lies outside');
    for (const folder of ['state', 'link']) {
      const reading = readSource(uri(folder, 'secrets.db'), access, { maxBytes: 9 });
      await expect(reading).rejects.toThrow('lies outside');
    }
    expect((await readSource(uri('statement.txt'), access, { maxBytes: 9 })).toString()).toBe('open');
  });

  it('that names a folder or a pipe is refused instead of waited for', async () => {
    const root = await temporaryFolder();
    execFileSync('mkfifo', [path.join(root, 'pipe')]);
    for (const name of ['.', 'pipe']) {
      const uri = pathToFileURL(path.join(root, name)).href;
      const reading = readSource(uri, { allowedRoots: [root], allowPrivate: false }, { maxBytes: 9 });
      await expect(reading).rejects.toThrow('is not a file');
    }
  });
});

describe('an http URL', () => {
  it('is cut off when it sends more than allowed, whatever length it declares', async () => {
    const url = await serve((_, response) => {
      for (let i = 0; i < 10; i++) response.write('x'.repeat(1000));
      response.end();
    });
    await expect(readSource(url, OPEN, { maxBytes: 5000 })).rejects.toThrow('more than 5000 bytes');
    expect(await readSource(url, OPEN, { maxBytes: 10_000 })).toHaveLength(10_000);
  });

  it('is followed over redirects, but not for ever and not out of http', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/good') response.writeHead(302, { location: '/end' }).end();
      else if (request.url === '/file') response.writeHead(302, { location: 'file:///etc/passwd' }).end();
      else if (request.url === '/end') response.end('here');
      else response.writeHead(302, { location: '/loop' }).end();
    });
    expect((await readSource(`${url}/good`, OPEN, { maxBytes: 9 })).toString()).toBe('here');
    await expect(readSource(`${url}/file`, OPEN, { maxBytes: 9 })).rejects.toThrow('not http(s)');
    await expect(readSource(`${url}/loop`, OPEN, { maxBytes: 9 })).rejects.toThrow('redirects more than 5 times');
  });

  it('that does not answer well is named without its query', async () => {
    const url = await serve((_, response) => response.writeHead(403).end());
    const failure = readSource(`${url}/c.json?sig=secret`, OPEN, { maxBytes: 9 });
    await expect(failure).rejects.toThrow(/\/c\.json answered 403$/);
  });
});

describe('an address', () => {
  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    '::ffff:8.8.8.8',
    '64:ff9b::7f00:1',
    '168.63.129.16',
    '192.0.2.1',
    '::7f00:1',
    '::ffff:0:7f00:1',
    '2001:0:7f00:1::',
    '2001:db8::1',
    'fec0::1',
    'fd00:ec2::254',
    'nonsense',
  ])('such as %s is private', (address) => {
    expect(isPrivateAddress(address)).toBe(true);
  });

  it.each(['8.8.8.8', '172.32.0.1', '100.128.0.1', '168.63.129.17', '2606:4700::1111', '2001:4860:4860::8888'])(
    'such as %s is public',
    (address) => {
      expect(isPrivateAddress(address)).toBe(false);
    },
  );
});
