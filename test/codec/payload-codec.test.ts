import type { Payload, SerializationContext } from '@temporalio/common';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyRing } from '../../codec/key-ring.ts';
import { payloadCodec } from '../../codec/payload-codec.ts';
import { keysOf, newKey } from './keys.ts';

const [spring, summer] = [newKey(), newKey()];
const before = payloadCodec(keyRing(keysOf({ spring })));
const after = payloadCodec(keyRing(keysOf({ summer, spring })));
const off = payloadCodec(keyRing({}));

const payloads = fc.record({
  metadata: fc.dictionary(fc.string({ minLength: 1, maxLength: 20 }), fc.uint8Array({ maxLength: 40 }), {
    noNullPrototype: true,
  }),
  data: fc.uint8Array({ maxLength: 300 }),
});

function workflow(workflowId: string): SerializationContext {
  return { type: 'workflow', namespace: 'default', workflowId };
}

/** Plain bytes of a payload, whatever kind of array holds them. */
function bytesOf({ metadata, data }: Payload) {
  return {
    metadata: Object.entries(metadata ?? {})
      .map(([name, value]) => [name, [...value]])
      .sort(([a], [b]) => String(a).localeCompare(String(b))),
    data: [...(data ?? [])],
  };
}

async function one(list: Promise<Payload[]>): Promise<Payload> {
  const [first, ...rest] = await list;
  if (first === undefined || rest.length > 0) throw new Error('one payload was expected');
  return first;
}

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const at = (bit >> 3) % copy.length;
  copy[at] = (copy[at] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

describe('encrypted payloads', () => {
  it('come back as they went in, in their order, metadata included', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(payloads, { maxLength: 5 }), async (list) => {
        const back = await before.decode(await before.encode(list, workflow('a')), workflow('a'));
        expect(back.map(bytesOf)).toEqual(list.map(bytesOf));
      }),
    );
  });

  it('show nothing but their key’s id, the cipher and the workflow, and are never the same twice', async () => {
    const secret: Payload = {
      metadata: { encoding: Buffer.from('json/plain') },
      data: Buffer.from('"Felis margarita"'),
    };
    const [first, second] = await before.encode([secret, secret], workflow('cats'));
    expect(Object.keys(first?.metadata ?? {}).sort()).toEqual([
      'encoding',
      'encryption-cipher',
      'encryption-key-id',
      'encryption-workflow',
    ]);
    expect(Buffer.from(first?.metadata?.['encryption-key-id'] ?? []).toString()).toBe('spring');
    for (const { data } of [first, second].flatMap((payload) => payload ?? [])) {
      expect(Buffer.from(data ?? []).includes('Felis')).toBe(false);
      expect(Buffer.from(data ?? []).includes('json/plain')).toBe(false);
    }
    expect(bytesOf(first ?? {}).data).not.toEqual(bytesOf(second ?? {}).data);
  });

  it('are refused when any bit of their data, or of what they are bound to, has changed', async () => {
    const part = fc.constantFrom('data', 'encryption-cipher', 'encryption-key-id', 'encryption-workflow');
    await fc.assert(
      fc.asyncProperty(payloads, part, fc.nat(), async (payload, name, bit) => {
        const good = await one(before.encode([payload], workflow('a')));
        const value = name === 'data' ? good.data : good.metadata?.[name];
        const bad = flipped(value ?? new Uint8Array(), bit);
        const changed =
          name === 'data' ? { ...good, data: bad } : { ...good, metadata: { ...good.metadata, [name]: bad } };
        await expect(before.decode([changed])).rejects.toThrow(/does not decrypt|is missing here|something else than/);
      }),
    );
  });

  it('are refused when they are cut short, at any length', async () => {
    const good = await one(before.encode([{ data: Buffer.from('twelve words') }]));
    for (let length = 0; length < (good.data?.length ?? 0); length += 1) {
      const cut = { ...good, data: good.data?.subarray(0, length) ?? null };
      await expect(before.decode([cut])).rejects.toThrow('does not decrypt');
    }
  });

  it('of one loop are refused in another, whether their workflow ID was kept or forged', async () => {
    const good = await one(before.encode([{ data: Buffer.from('x') }], workflow('a')));
    await expect(before.decode([good], workflow('b'))).rejects.toThrow('was encrypted for workflow "a"; it is refused');
    const forged = { ...good, metadata: { ...good.metadata, 'encryption-workflow': Buffer.from('b') } };
    await expect(before.decode([forged], workflow('b'))).rejects.toThrow('does not decrypt');
  });

  it('are refused when they lost the workflow they were bound to', async () => {
    const { metadata, data } = await one(before.encode([{ data: Buffer.from('x') }], workflow('a')));
    const { 'encryption-workflow': _, ...rest } = metadata ?? {};
    await expect(before.decode([{ metadata: rest, data: data ?? null }])).rejects.toThrow('does not decrypt');
  });
});

describe('keys that rotate', () => {
  it('read what the old key wrote, while the new one writes', async () => {
    await fc.assert(
      fc.asyncProperty(payloads, async (payload) => {
        const old = await before.encode([payload]);
        const [fresh] = await after.encode([payload]);
        expect(Buffer.from(fresh?.metadata?.['encryption-key-id'] ?? []).toString()).toBe('summer');
        const back = await after.decode([...old, ...(fresh ? [fresh] : [])]);
        expect(back.map(bytesOf)).toEqual([bytesOf(payload), bytesOf(payload)]);
      }),
    );
  });

  it('are missed by name, with the variable to set', async () => {
    const fresh = await after.encode([{ data: Buffer.from('x') }]);
    const why = 'encrypted with the key "summer", which is missing here; add it to DELTALOOP_ENCRYPTION_KEYS';
    await expect(before.decode(fresh)).rejects.toThrow(why);
    await expect(off.decode(fresh)).rejects.toThrow(why);
  });

  it('that share an id but differ are told apart from a missing one', async () => {
    const other = payloadCodec(keyRing(keysOf({ spring: newKey() })));
    const old = await before.encode([{ data: Buffer.from('x') }]);
    await expect(other.decode(old)).rejects.toThrow('the key of that id is another one than it was written with');
  });

  it('read payloads from before encryption was switched on; without keys nothing is encrypted', async () => {
    await fc.assert(
      fc.asyncProperty(payloads, async (payload) => {
        fc.pre(payload.metadata['encoding'] === undefined);
        expect(await off.encode([payload])).toEqual([payload]);
        expect(await after.decode([payload])).toEqual([payload]);
      }),
    );
  });
});
