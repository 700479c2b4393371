import { chmod, mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ensureTemporalBinary, TemporalMissingError } from '../../dev/temporal-binary.ts';
import { storeBinary, temporalCacheFolder } from '../../dev/temporal-cache.ts';
import { downloadServer } from './support/download-server.ts';
import { emptyMachine, fakeGo, type Machine, script, VERSION_ANSWER } from './support/fakes.ts';

/** Nothing listens on port 9 of the loopback interface: the connection is refused at once. */
const REFUSING = 'http://127.0.0.1:9/cli';

function find(machine: Machine, downloadAddress = REFUSING): Promise<string> {
  return ensureTemporalBinary({ say: machine.say, env: machine.env, downloadAddress });
}

describe('a binary on the PATH', () => {
  test('is used, and nothing is cached', async () => {
    const machine = await emptyMachine();
    const path = await script(join(machine.bin, 'temporal'), VERSION_ANSWER);
    expect(await find(machine)).toBe(path);
    expect(machine.said).toEqual([`Temporal: using ${path} (1.8.2 (Server 1.31.2, UI 2.50.1))`]);
    await expect(stat(machine.cache)).rejects.toThrow('ENOENT');
  });

  test.for([
    ['does not run', 'exit 3', 'does not run: ended with code 3'],
    ['is another program', 'echo "temporal bone atlas 2"', 'is not the Temporal CLI'],
    ['is too old', 'echo "temporal version 1.0.0 (Server 1.24.2, UI 2.26.0)"', 'is too old'],
  ])('that %s is passed over, saying why', async ([, body = '', reason = '']) => {
    const machine = await emptyMachine();
    const path = await script(join(machine.bin, 'temporal'), body);
    await fakeGo(machine.bin);
    expect(await find(machine)).toBe(join(machine.cache, 'temporal'));
    expect(machine.said[0]).toContain(path);
    expect(machine.said[0]).toContain(reason);
  });

  test('that is made for another processor is passed over', async () => {
    const machine = await emptyMachine();
    await writeFile(join(machine.bin, 'temporal'), Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]));
    await chmod(join(machine.bin, 'temporal'), 0o755);
    await fakeGo(machine.bin);
    expect(await find(machine)).toBe(join(machine.cache, 'temporal'));
    expect(machine.said[0]).toContain('does not run');
  });

  test('that is broken does not hide a good one further down the PATH', async () => {
    const machine = await emptyMachine();
    await script(join(machine.bin, 'temporal'), 'exit 1');
    const good = await script(join(machine.bin, 'more', 'temporal'), VERSION_ANSWER);
    machine.env['PATH'] = `${machine.bin}:${join(machine.bin, 'more')}`;
    expect(await find(machine)).toBe(good);
  });
});

describe('the cache', () => {
  async function cached(machine: Machine): Promise<string> {
    const source = await script(join(machine.bin, 'source'), VERSION_ANSWER);
    return storeBinary(temporalCacheFolder(machine.env), source, 'a test');
  }

  test('gives the binary again without fetching or building', async () => {
    const machine = await emptyMachine();
    const path = await cached(machine);
    expect(path).toBe(join(machine.cache, 'temporal'));
    expect(await find(machine)).toBe(path);
    expect(machine.said.some((line) => line.includes('download'))).toBe(false);
  });

  test.for([
    ['shorter than it was', (path: string) => truncate(path, 12)],
    ['never marked as whole', (path: string) => chmod(path, 0o755).then(() => writeFile(`${path}.json`, ''))],
  ] as const)('rejects a binary that is %s and makes it anew', async ([, spoil]) => {
    const machine = await emptyMachine();
    const path = await cached(machine);
    await spoil(path);
    await fakeGo(machine.bin);
    expect(await find(machine)).toBe(path);
    expect(machine.said.join('\n')).toContain('the cached binary');
    expect(await readFile(join(machine.bin, 'builds.log'), 'utf8')).toBe('build\n');
    machine.said.length = 0;
    expect(await find(machine)).toBe(path);
    expect(machine.said).toHaveLength(2);
  });

  test('does not take a binary that does not run', async () => {
    const machine = await emptyMachine();
    const source = await script(join(machine.bin, 'source'), 'exit 1');
    await expect(storeBinary(machine.cache, source, 'a test')).rejects.toThrow('does not run');
    expect(await readdir(machine.cache)).toEqual([]);
  });
});

describe('the official download', () => {
  test('is asked for the pinned version and this machine, unpacked and cached', async () => {
    const machine = await emptyMachine();
    const server = await downloadServer({ program: VERSION_ANSWER });
    expect(await find(machine, server.address)).toBe(join(machine.cache, 'temporal'));
    expect(server.asked[0]).toMatch(/^\/cli\/v1\.8\.2\?arch=(amd64|arm64)&platform=(linux|darwin)&format=tar\.gz$/);
    expect(machine.said.at(-1)).toContain('downloaded version 1.8.2');
  });

  test.for([
    ['is refused', { status: 503 }, 'HTTP 503'],
    ['breaks off', { cutArchive: true, program: VERSION_ANSWER }, 'the download failed'],
    ['gives a binary that does not run', { program: 'exit 7' }, 'the downloaded binary does not work'],
    ['names a file outside the archive', { fileToExtract: '../temporal' }, 'the download failed'],
  ] as const)('that %s leads on to the build', async ([, behaviour, reason]) => {
    const machine = await emptyMachine();
    await fakeGo(machine.bin);
    const server = await downloadServer(behaviour);
    expect(await find(machine, server.address)).toBe(join(machine.cache, 'temporal'));
    expect(machine.said.join('\n')).toContain(reason);
    expect(machine.said.at(-1)).toContain('built version 1.8.2 with Go');
  });
});

describe('when no way works', () => {
  test('one error names every way, why it failed, and the ways out', async () => {
    const machine = await emptyMachine();
    const error = await find(machine).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(TemporalMissingError);
    const { message } = error as TemporalMissingError;
    for (const part of [
      'no `temporal` on the PATH',
      'nothing in the cache',
      'the download failed',
      'Go is not there',
    ]) {
      expect(message).toContain(part);
    }
    for (const wayOut of ['install the Temporal CLI', 'TEMPORAL_ADDRESS', 'install Go'])
      expect(message).toContain(wayOut);
  });

  test('a failed build shows the compiler’s last words and leaves nothing behind', async () => {
    const machine = await emptyMachine();
    await script(
      join(machine.bin, 'go'),
      'if [ "$1" = version ]; then echo go1.20; else echo "go: go.mod requires go >= 1.26.4"; exit 1; fi',
    );
    await expect(find(machine)).rejects.toThrow('go.mod requires go >= 1.26.4');
    expect(await readdir(join(machine.cache, '..'))).toEqual([]);
  });
});

test('two starts at once build once, and the second says that it waits', async () => {
  const machine = await emptyMachine();
  await fakeGo(machine.bin);
  await mkdir(join(machine.cache, '..'), { recursive: true });
  const [first, second] = await Promise.all([find(machine), find(machine)]);
  expect(first).toBe(second);
  expect(await readFile(join(machine.bin, 'builds.log'), 'utf8')).toBe('build\n');
  expect(machine.said).toContain('Temporal: another start is fetching or building it; waiting for that one');
});

test('an interrupted search ends with the interruption and not with advice', async () => {
  const machine = await emptyMachine();
  const controller = new AbortController();
  await script(join(machine.bin, 'go'), '/bin/sleep 60');
  const say = (line: string): void => {
    if (line.includes('the download failed')) controller.abort();
  };
  const search = ensureTemporalBinary({ say, env: machine.env, signal: controller.signal, downloadAddress: REFUSING });
  await expect(search).rejects.toThrow('aborted');
});
