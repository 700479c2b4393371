import type { LookupAddress } from 'node:dns';
import { afterEach, expect, it, vi } from 'vitest';
import { readSource } from '../../vision-service/data-access/source.ts';
import { serve } from './file-server.ts';

const PUBLIC = '127.0.0.1';
const PRIVATE = '127.0.0.2';

// The tests have no public address: one of the loopback network plays its part.
vi.mock('../../vision-service/data-access/addresses.ts', async (original) => {
  const { isPrivateAddress } = await original<typeof import('../../vision-service/data-access/addresses.ts')>();
  return { isPrivateAddress: (address: string) => address !== '127.0.0.1' && isPrivateAddress(address) };
});

/** What the name server says, one answer a question. */
let answers: string[][] = [];
let asked: string[] = [];

vi.mock('node:dns', async (original) => ({
  ...(await original<typeof import('node:dns')>()),
  lookup: (name: string, _options: object, callback: (error: Error | null, found: LookupAddress[]) => void) => {
    asked.push(name);
    const found = answers.shift() ?? [];
    callback(
      null,
      found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  },
}));

afterEach(() => {
  answers = [];
  asked = [];
});

const PUBLIC_ONLY = { allowedRoots: [], allowPrivate: false, patience: { attempts: 1 } };

/** A server at the public address that says where each request came in, and closes its connection after each. */
async function server(location?: string) {
  const visits: string[] = [];
  const origin = await serve((request, response) => {
    visits.push(`${request.socket.localAddress}${request.url}`);
    response.setHeader('connection', 'close');
    if (request.url === '/hop' && location !== undefined) response.writeHead(302, { location }).end();
    else response.end('here');
  });
  const { port } = new URL(origin);
  return {
    visits,
    read: (path: string) => readSource(`http://name.example:${port}${path}`, PUBLIC_ONLY, { maxBytes: 9 }),
  };
}

it('is connected to where it was checked: a name that is public once and private then is looked up once', async () => {
  const { visits, read } = await server();
  answers = [[PUBLIC], [PRIVATE]];
  expect((await read('/')).toString()).toBe('here');
  expect(asked).toEqual(['name.example']);
  expect(visits).toEqual([`${PUBLIC}/`]);
});

it('is checked again with each new connection, also after a redirect to the very same name', async () => {
  const { visits, read } = await server('/inside');
  answers = [[PUBLIC], [PRIVATE], [PUBLIC]];
  await expect(read('/hop')).rejects.toThrow('/inside is a private address');
  expect(asked).toHaveLength(2);
  expect(visits).toEqual([`${PUBLIC}/hop`]);
});

it('is not followed over a redirect to another name for something inside', async () => {
  const { visits, read } = await server('http://inside.example:1/secret');
  answers = [[PUBLIC], [PRIVATE, '::1', '::ffff:127.0.0.1', 'fe80::1%lo']];
  await expect(read('/hop')).rejects.toThrow('http://inside.example:1/secret is a private address');
  expect(asked).toEqual(['name.example', 'inside.example']);
  expect(visits).toEqual([`${PUBLIC}/hop`]);
});

it.each(['http://2130706434:1/x', 'http://0x7f000002:1/x', 'http://127.2:1/x', 'http://[::ffff:7f00:2]:1/x'])(
  'is not followed over a redirect to %s',
  async (location) => {
    const { visits, read } = await server(location);
    answers = [[PUBLIC]];
    await expect(read('/hop')).rejects.toThrow('is a private address');
    expect(visits).toHaveLength(1);
  },
);

it('of a name with public and private addresses uses the public ones alone', async () => {
  const { visits, read } = await server();
  answers = [[PRIVATE, '::1', PUBLIC]];
  expect((await read('/')).toString()).toBe('here');
  expect(visits).toEqual([`${PUBLIC}/`]);
});
