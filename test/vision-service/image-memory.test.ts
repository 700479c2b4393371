import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { Room } from '../../vision-service/backbones/room.ts';
import { heldBytes } from '../../vision-service/data-access/held-bytes.ts';

const blank = (width: number, height: number) => sharp({ create: { width, height, channels: 3, background: '#333' } });

describe('memory for a whole picture', () => {
  it('is needed by the kinds that cannot be decoded row by row, and read from their header', async () => {
    const full = { progressive: true, chromaSubsampling: '4:4:4' };
    expect(heldBytes(await blank(30, 20).jpeg(full).toBuffer())).toBe(30 * 20 * 6);
    expect(heldBytes(await blank(30, 20).jpeg({ progressive: true }).toBuffer())).toBe(30 * 20 * 3);
    expect(heldBytes(await blank(30, 20).png({ progressive: true, palette: false }).toBuffer())).toBe(30 * 20 * 3);
    expect(heldBytes(await blank(30, 20).gif().toBuffer())).toBe(30 * 20 * 4);
  });

  it('is not needed by the others', async () => {
    for (const picture of [blank(30, 20).jpeg(), blank(30, 20).png(), blank(30, 20).webp(), blank(30, 20).tiff()]) {
      expect(heldBytes(await picture.toBuffer())).toBe(0);
    }
  });

  it('is told of any bytes without an error', async () => {
    const starts = await Promise.all([
      blank(30, 20).jpeg({ progressive: true }).toBuffer(),
      blank(30, 20).png({ progressive: true }).toBuffer(),
      blank(30, 20).gif().toBuffer(),
      Promise.resolve(Buffer.from('BM and more of it, so that there is a header')),
    ]);
    const damaged = fc.tuple(fc.constantFrom(...starts), fc.nat(200), fc.uint8Array({ maxLength: 30 }));
    fc.assert(
      fc.property(damaged, ([start, length, tail]) => {
        expect(heldBytes(Buffer.concat([start.subarray(0, length), tail]))).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a room', () => {
  it('never holds more than its size, lets everything in at last, and is free again after a failure', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(10), { maxLength: 30 }), async (amounts) => {
        const room = new Room(10);
        let inside = 0;
        const work = async (amount: number, i: number) => {
          inside += amount;
          expect(inside).toBeLessThanOrEqual(10);
          await new Promise((resolve) => setImmediate(resolve));
          inside -= amount;
          if (i % 3 === 0) throw new Error('failed');
        };
        const ends = await Promise.allSettled(amounts.map((amount, i) => room.with(amount, () => work(amount, i))));
        expect(ends).toHaveLength(amounts.length);
        expect(inside).toBe(0);
        expect(await room.with(10, async () => 'empty again')).toBe('empty again');
      }),
      { numRuns: 100 },
    );
  });
});
