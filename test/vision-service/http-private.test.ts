import type { LookupAddress } from 'node:dns';
import { describe, expect, it, vi } from 'vitest';
import { readSource } from '../../vision-service/data-access/source.ts';
import { serve } from './file-server.ts';

/** What the names of the tests resolve to; every other name resolves to nothing. */
const NAMES: Record<string, string[]> = {
  localhost: ['127.0.0.1'],
  'localhost.': ['127.0.0.1'],
  'inside.example': ['10.1.2.3'],
  'inside.example.': ['10.1.2.3'],
  'both.example': ['::1', '127.0.0.1'],
  'mapped.example': ['::ffff:127.0.0.1'],
  'zoned.example': ['fe80::1%lo'],
  'metadata.example': ['169.254.169.254'],
};

vi.mock('node:dns', async (original) => ({
  ...(await original<typeof import('node:dns')>()),
  lookup: (name: string, _options: object, callback: (error: Error | null, found: LookupAddress[]) => void) => {
    const found = NAMES[name]?.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    if (found) callback(null, found);
    else callback(Object.assign(new Error(`no name: ${name}`), { code: 'ENOTFOUND' }), []);
  },
}));

const access = (allowPrivate: boolean) => ({ allowedRoots: [], allowPrivate, patience: { attempts: 1 } });
const read = (uri: string, allowPrivate = false) => readSource(uri, access(allowPrivate), { maxBytes: 99 });

/** A server of this machine that counts who asks; gives its port. */
async function inner(location?: string) {
  const visits: string[] = [];
  const origin = await serve((request, response) => {
    visits.push(request.headers.host ?? '');
    if (location === undefined) response.end('secret');
    else response.writeHead(302, { location }).end();
  });
  return { visits, origin, port: new URL(origin).port };
}

const LOOPBACK = [
  '127.0.0.1',
  '127.0.0.1.',
  '2130706433',
  '0x7f000001',
  '0x7f.1',
  '0177.0.0.1',
  '017700000001',
  '127.1',
  '127.0.1',
  '１２７.0.0.1',
  '①②⑦。0。0。1',
  '[::1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[0:0:0:0:0:ffff:127.0.0.1]',
  '[::127.0.0.1]',
  '[64:ff9b::127.0.0.1]',
];
const ELSEWHERE = [
  '0.0.0.0',
  '0',
  '[::]',
  '10.0.0.1',
  '172.16.0.1',
  '192.168.0.1',
  '169.254.169.254',
  '0xa9fea9fe',
  '2852039166',
  '100.64.0.1',
  '100.127.255.254',
  '[fe80::1]',
  '[fc00::1]',
  '[fd00:ec2::254]',
  '[::ffff:a9fe:a9fe]',
];

describe('the address of an image', () => {
  it.each(LOOPBACK)('http://%s is this machine and is not asked', async (host) => {
    const { visits, port } = await inner();
    await expect(read(`http://${host}:${port}/`)).rejects.toThrow('is a private address');
    await expect(read(`http://user:word@${host}:${port}/`)).rejects.toThrow('is a private address');
    expect(visits).toEqual([]);
  });

  it.each(ELSEWHERE)('http://%s is inside and is not asked', async (host) => {
    await expect(read(`http://${host}:1/`)).rejects.toThrow('is a private address');
    await expect(read(`https://${host}:1/`)).rejects.toThrow('is a private address');
  });

  it.each(['[fe80::1%25lo]', '[fe80::1%lo]', '127.0.0.1%00.example', '256.256.256.256', '[::1', '0x7f.0.0.0x100000'])(
    'http://%s is none, and is told as that',
    async (host) => {
      await expect(read(`http://${host}/`)).rejects.toThrow('is not an absolute URI');
    },
  );

  it.each(Object.keys(NAMES))('http://%s is a name for something inside and is not asked', async (host) => {
    const { visits, port } = await inner();
    await expect(read(`http://${host}:${port}/`)).rejects.toThrow('is a private address');
    expect(visits).toEqual([]);
  });

  it.each(['2130706433', '127.1', '[::ffff:127.0.0.1]'])('http://%s is read where that is allowed', async (host) => {
    const { visits, port } = await inner();
    expect((await read(`http://${host}:${port}/`, true)).toString()).toBe('secret');
    expect(visits).toHaveLength(1);
  });
});
