import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ZipFile } from 'yazl';
import { sha256Of } from '../../data/hash.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { inProcess } from './run-cli.ts';

interface Packed {
  name: string;
  content?: string | Buffer;
  mode?: number;
  compress?: boolean;
}

function manifest(files: Packed[], more: object = {}): Packed {
  const listed = files.map(({ name, content = '' }) => ({
    path: name.replace(/^pets\//, ''),
    sha256: sha256Of(content),
    bytes: Buffer.from(content).length,
  }));
  const content = {
    format: 'deltaloop-loop',
    formatVersion: 1,
    loop: 'pets',
    exportedAt: '2026-11-28T12:00:00.000Z',
    deltaloop: '0.1.0',
    ended: true,
    differences: 0,
    files: listed,
    ...more,
  };
  return { name: 'manifest.json', content: JSON.stringify(content) };
}

/** A ZIP file of these entries; a name may be put in that the library itself would refuse to write. */
async function zip(files: Packed[]): Promise<Buffer> {
  const made = new ZipFile();
  const renamed: [string, string][] = [];
  for (const [at, { name, content = '', mode = 0o100600, compress = true }] of files.entries()) {
    const stand = `@${String(at).padStart(name.length - 1, '0')}`;
    const hostile = /^\/|\.\.|\\|^[a-z]:/i.test(name);
    if (hostile) renamed.push([stand, name]);
    made.addBuffer(Buffer.from(content), hostile ? stand : name, { mode, compress });
  }
  made.end();
  const bytes = await buffer(made.outputStream as Readable);
  let text = bytes.toString('latin1');
  for (const [stand, name] of renamed) text = text.replaceAll(stand, name);
  return Buffer.from(text, 'latin1');
}

async function importOf(bytes: Buffer, args: string[] = []) {
  const home = await temporaryFolder();
  const file = join(await temporaryFolder(), 'a.zip');
  await writeFile(file, bytes);
  const run = await inProcess(['import', file, ...args], { home });
  return { ...run, home, left: await readdir(home, { recursive: true }) };
}

const SPEC: Packed = { name: 'pets/spec.json', content: '{}' };
const ACCENT: Packed = { name: 'pets/\u00e9.json', content: '{}' };

describe('deltaloop import', () => {
  it('takes a file that fits its manifest', async () => {
    const { code, home } = await importOf(await zip([SPEC, manifest([SPEC])]));
    expect(code).toBe(0);
    expect(await readFile(join(home, 'loops/pets/spec.json'), 'utf8')).toBe('{}');
  });

  it.each<[string, Packed, string]>([
    ['a path that climbs', { name: 'pets/../../evil' }, 'leads out of the loop’s folder'],
    ['an absolute path', { name: '/etc/cron.d/evil' }, 'leads out of the loop’s folder'],
    ['a drive', { name: 'c:/evil/evil' }, 'leads out of the loop’s folder'],
    ['a backslash', { name: 'pets\\..\\evil' }, 'leads out of the loop’s folder'],
    ['a symbolic link', { name: 'pets/link', content: '/etc/passwd', mode: 0o120777 }, 'is a link'],
    ['a device', { name: 'pets/null', mode: 0o020666 }, 'special file'],
    ['a name twice', { name: 'pets/spec.json', content: 'other' }, 'is there twice'],
    ['a name twice but for case', { name: 'pets/SPEC.json' }, 'is there twice'],
    ['a file that nothing lists', { name: 'pets/extra.json' }, 'is not in its manifest.json'],
    ['a file beside the loop', { name: 'dev.json' }, 'is not in its manifest.json'],
    ['another loop', { name: 'other/spec.json' }, 'is not in its manifest.json'],
    ['a folder of loops in a loop', { name: 'loops/pets/spec.json' }, 'is not in its manifest.json'],
    ['a loop beside it', { name: 'pets/../dogs/spec.json' }, 'leads out of the loop’s folder'],
    ['a network share', { name: '\\\\host\\share\\evil' }, 'leads out of the loop’s folder'],
    ['a stream of a file', { name: 'pets/spec.json:evil' }, 'no plain path'],
    ['dots alone', { name: 'pets/.../evil' }, 'leads out of the loop’s folder'],
    ['an empty name', { name: 'pets//evil' }, 'leads out of the loop’s folder'],
    ['an escape of a terminal', { name: 'pets/\u009b31m.json' }, 'no plain path'],
    ['a name twice but for how its letters are composed', { name: 'pets/E\u0301.json' }, 'is there twice'],
    ['a file inside a file', { name: 'pets/spec.json/evil' }, 'lies inside another file'],
    ['a file inside a file but for case', { name: 'pets/Spec.json/evil' }, 'lies inside another file'],
    ['a pipe', { name: 'pets/pipe', mode: 0o010666 }, 'special file'],
    ['a control character', { name: 'pets/a\u0007b' }, 'no plain path'],
    ['a bomb', { name: 'pets/bomb', content: Buffer.alloc(4 << 20) }, 'decompression bomb'],
  ])('refuses %s and writes nothing', async (_what, entry, words) => {
    const { code, stderr, left } = await importOf(await zip([SPEC, ACCENT, entry, manifest([SPEC, ACCENT])]));
    expect(code).toBe(7);
    expect(stderr).toContain(words);
    expect(stderr).toContain('nothing was written');
    expect(left).toEqual([]);
  });

  it('names every bad entry in one pass', async () => {
    const bad = [{ name: 'pets/../a' }, { name: '/b/c/d/e' }, { name: 'pets/link', mode: 0o120777 }];
    const { stderr } = await importOf(await zip([SPEC, ...bad, manifest([SPEC])]));
    for (const { name } of bad) expect(stderr).toContain(JSON.stringify(name));
  });

  it.each([
    ['no manifest', [SPEC], 2, 'has no manifest.json'],
    ['another manifest', [{ name: 'manifest.json', content: '[]' }], 2, 'is not one of deltaloop'],
    [
      'a newer format',
      [SPEC, manifest([SPEC], { formatVersion: 2 })],
      2,
      'format version 2; this version of deltaloop reads 1',
    ],
    ['a name that is no loop’s', [SPEC, manifest([SPEC], { loop: '../x' })], 2, 'is damaged'],
    ['a missing file', [SPEC, manifest([SPEC, { name: 'pets/gone.json' }])], 7, '"pets/gone.json" is missing'],
    ['another size', [SPEC, manifest([{ name: 'pets/spec.json', content: '{  }' }])], 7, 'has another size'],
    ['other bytes', [SPEC, manifest([{ name: 'pets/spec.json', content: '[]' }])], 7, 'does not hold the bytes'],
  ])('refuses a file with %s and writes nothing', async (_what, files, ...[exit, words]) => {
    const { code, stderr, left } = await importOf(await zip(files));
    expect(code).toBe(exit);
    expect(stderr).toContain(words);
    expect(left.filter((each) => each !== 'loops')).toEqual([]);
  });

  it('unpacks no more than it is allowed to, by what the file declares and by what it holds', async () => {
    const big: Packed = { name: 'pets/big.bin', content: Buffer.alloc(2_000_000, 'abcdefgh'), compress: false };
    const bytes = await zip([SPEC, big, manifest([SPEC, big])]);
    const refused = await importOf(bytes, ['--max-gigabytes', '0.001']);
    expect(refused).toMatchObject({ code: 7, left: [], stderr: expect.stringContaining('--max-gigabytes') });
    expect(await importOf(bytes, ['--max-gigabytes', '0.01'])).toMatchObject({ code: 0 });
  });

  it('refuses a file inside a file though its manifest lists both', async () => {
    const inside: Packed = { name: 'pets/spec.json/more.json', content: '{}' };
    const { code, stderr, left } = await importOf(await zip([SPEC, inside, manifest([SPEC, inside])]));
    expect([code, left]).toEqual([7, []]);
    expect(stderr).toContain('"pets/spec.json/more.json" lies inside another file');
  });

  it('refuses a manifest that is nested without end, or has a key that changes objects', async () => {
    const nested = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    for (const [content, why] of [
      [nested, 'its manifest.json is nested more than 100 levels deep'],
      ['{"format": "deltaloop-loop", "formatVersion": 1, "__proto__": {}}', 'its manifest.json has the key __proto__'],
    ] as const) {
      const { code, stderr, left } = await importOf(await zip([{ name: 'manifest.json', content, compress: false }]));
      expect([code, left]).toEqual([2, []]);
      expect(stderr).toContain(why);
    }
  });

  it('does not take the mark of an import from the file that is imported', async () => {
    const mark: Packed = { name: 'pets/imported.json', content: '{"schemaVersion": 1}' };
    const { code, stderr, left } = await importOf(await zip([SPEC, mark, manifest([SPEC, mark])]));
    expect([code, left]).toEqual([7, []]);
    expect(stderr).toContain('it holds imported.json, which only an import writes');
  });

  it('refuses entries that overlap: many that are packed in the same bytes', async () => {
    const block: Packed = {
      name: 'pets/0.bin',
      content: Buffer.from(fc.sample(fc.nat(255), { numRuns: 5000, seed: 1 })),
    };
    const names = Array.from({ length: 9 }, (_, at) => `pets/${at}.bin`);
    const all = names.map((name) => ({ ...block, name }));
    const overlapping = overlapped(await zip([...all, manifest(all)]), 9);
    const { code, stderr, left } = await importOf(overlapping);
    expect([code, left]).toEqual([7, []]);
    expect(stderr).toContain('its entries overlap');
  });

  it('refuses a file whose entries hold more than they declare', async () => {
    const liar: Packed = { name: 'pets/liar.json', content: 'x'.repeat(5000) };
    const bytes = await zip([SPEC, liar, manifest([SPEC, { ...liar, content: 'x'.repeat(50) }])]);
    const lied = Buffer.from(bytes);
    for (let at = lied.indexOf(u32(5000)); at !== -1; at = lied.indexOf(u32(5000), at + 4)) u32(50).copy(lied, at);
    const { code, left, stderr } = await importOf(lied);
    expect(code).toBe(7);
    expect(stderr).toContain('"liar.json" cannot be unpacked');
    expect(left.filter((each) => each !== 'loops')).toEqual([]);
  });

  it('never writes over a loop that is there', async () => {
    const home = await temporaryFolder();
    await mkdir(join(home, 'loops/pets'), { recursive: true });
    const file = join(home, 'a.zip');
    await writeFile(file, await zip([SPEC, manifest([SPEC])]));
    const { code, stderr } = await inProcess(['import', file], { home });
    expect(code).toBe(2);
    expect(stderr).toContain('has a loop pets already');
    expect(await readdir(join(home, 'loops'), { recursive: true })).toEqual(['pets']);
  });

  it('says what it cannot read', async () => {
    expect(await importOf(Buffer.from('no zip at all'))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('ZIP file'),
    });
    const run = await inProcess(['import', '/nowhere.zip'], { home: await temporaryFolder() });
    expect(run).toMatchObject({ code: 2, stderr: expect.stringContaining('does not exist') });
  });

  it('survives any damage: a byte that differs is refused or changes nothing that is written', async () => {
    const noise = {
      name: 'pets/noise.bin',
      content: Buffer.from(Array.from({ length: 300 }, (_, at) => (at * 37) % 251)),
    };
    const bytes = await zip([SPEC, noise, manifest([SPEC, noise])]);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const broken = Buffer.from(bytes);
        broken[at] = (broken[at] ?? 0) ^ by;
        const { code, home, left, stderr } = await importOf(broken);
        expect([0, 2, 7]).toContain(code);
        expect(stderr).not.toContain('Unexpected');
        if (code !== 0) expect(left.filter((each) => each !== 'loops')).toEqual([]);
        else expect(await readFile(join(home, 'loops/pets/noise.bin'))).toEqual(noise.content);
      }),
      { numRuns: 150 },
    );
  });
});

/** Lets so many first entries of a ZIP file share the bytes of the first, and leaves theirs out. */
function overlapped(bytes: Buffer, entries: number): Buffer {
  const directory = bytes.indexOf('PK\u0001\u0002');
  const last = bytes.lastIndexOf('PK\u0003\u0004', directory);
  const first = bytes.indexOf('PK\u0003\u0004', 4);
  const shorter = last - first;
  const out = Buffer.concat([bytes.subarray(0, first), bytes.subarray(last)]);
  let at = directory - shorter;
  for (let entry = 0; out.toString('latin1', at, at + 4) === 'PK\u0001\u0002'; entry += 1) {
    out.writeUInt32LE(entry < entries ? 0 : out.readUInt32LE(at + 42) - shorter, at + 42);
    at += 46 + out.readUInt16LE(at + 28) + out.readUInt16LE(at + 30) + out.readUInt16LE(at + 32);
  }
  out.writeUInt32LE(directory - shorter, at + 16);
  return out;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
