import { expect, it, vi } from 'vitest';
import { readSource } from '../../vision-service/data-access/source.ts';
import { serve } from './file-server.ts';

// The tests have no public address: one of the loopback network plays its part.
vi.mock('../../vision-service/data-access/addresses.ts', () => ({
  isPrivateAddress: (address: string) => address !== '127.0.0.1',
}));

const PUBLIC_ONLY = { allowedRoots: [], allowPrivate: false, patience: { attempts: 1 } };

it('a redirect is not followed to a private address, at the first hop or a later one', async () => {
  const visits: string[] = [];
  const url: string = await serve((request, response) => {
    const [, hop = '', ...rest] = (request.url ?? '').split('/');
    visits.push(hop);
    const location = hop === 'hop' ? `${url}/${rest.join('/')}` : 'http://127.0.0.2:1/secret';
    if (hop === 'end') response.end('here');
    else response.writeHead(302, { location }).end();
  });
  const read = (path: string) => readSource(`${url}/${path}`, PUBLIC_ONLY, { maxBytes: 9 });
  expect((await read('hop/hop/end')).toString()).toBe('here');
  await expect(read('hop/inside')).rejects.toThrow('http://127.0.0.2:1/secret is a private address');
  await expect(read('hop/hop/inside')).rejects.toThrow('is a private address');
  expect(visits).toEqual(['hop', 'hop', 'end', 'hop', 'inside', 'hop', 'hop', 'inside']);
});
