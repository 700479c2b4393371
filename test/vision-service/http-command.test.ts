import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { createVisionClient } from '../../vision/client.ts';
import { readyWords } from '../../vision-service/run-service.ts';
import { settingsFromEnvironment } from '../../vision-service/settings.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { startGate } from './http-gate.ts';
import { classification, ended, KEY, ledgerOf, training } from './http-helpers.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/deltaloop.ts', import.meta.url));
const Ready = z.object({ ready: z.literal(true), url: z.string() });

/** `deltaloop vision-service …`; killed after the test if it still runs. */
function command(args: string[], env: Record<string, string> = {}): ChildProcess {
  const child = spawn(process.execPath, [PROGRAM, 'vision-service', ...args], {
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function outputOf(child: ChildProcess) {
  const streams = [child.stdout, child.stderr].map((stream) => (stream === null ? '' : text(stream)));
  const [[code], stdout, stderr] = await Promise.all([once(child, 'exit'), ...streams]);
  return { code, stdout, stderr };
}

/** The address in the ready line, once it has come. */
async function urlOf(child: ChildProcess): Promise<string> {
  for await (const chunk of child.stdout ?? []) return Ready.parse(JSON.parse(String(chunk))).url;
  throw new Error('the service ended without a word');
}

describe('deltaloop vision-service', () => {
  it('runs with its options and the key of the environment, and ends in order on SIGTERM with a training under way', async () => {
    const [home, gate] = [await temporaryFolder(), await startGate()];
    const args = ['--port', '0', '--data', home, '--backbone', 'classical', '--threads', '1', '--parallel', '2'];
    const env = { DELTALOOP_VISION_KEY: KEY, DELTALOOP_VISION_ALLOW_PRIVATE: '1', DELTALOOP_LOG_LEVEL: 'warn' };
    const child = command(args, env);
    const url = await urlOf(child);
    const client = createVisionClient({ baseUrl: url, key: KEY });
    await client.registerDataset('d', classification(await gate.writeCoco(home, { perClass: 3 })));
    await client.createModel('m', training('d'));
    await gate.reached();
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    gate.open();
    const again = command(args, env);
    const next = { url: await urlOf(again) };
    expect(await ended(createVisionClient({ baseUrl: next.url, key: KEY }), 'm')).toMatchObject({
      status: 'succeeded',
    });
    expect(await ledgerOf(next)).toHaveLength(1);
  });

  it('says without a key how to make one, and with settings that make no sense which', async () => {
    const none = await outputOf(command(['--port', '0']));
    expect(none).toMatchObject({ code: 1, stdout: '' });
    expect(none.stderr).toMatch(/DELTALOOP_VISION_KEY is missing.*openssl rand -hex 32/);
    expect(none.stderr).not.toContain('    at ');
    const wrong = await outputOf(command(['--port', 'x', '--parallel', '0'], { DELTALOOP_VISION_KEY: KEY }));
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toMatch(/DELTALOOP_VISION_PORT.*DELTALOOP_VISION_PARALLEL/);
    expect(wrong.stderr).not.toContain(KEY);
  });

  it('tells in its help where the key comes from', async () => {
    const { code, stdout } = await outputOf(command(['--help']));
    expect(code).toBe(0);
    expect(stdout).toMatch(/--port[\s\S]*--data[\s\S]*DELTALOOP_VISION_KEY/);
  });
});

describe('what a terminal is told', () => {
  it('is where the service is, where to read about it and how to call it, never the key', () => {
    const words = readyWords(settingsFromEnvironment({ DELTALOOP_VISION_KEY: KEY }), 'http://127.0.0.1:8480');
    expect(words).toContain('http://127.0.0.1:8480/computervision/docs');
    expect(words).toContain('curl -H "Ocp-Apim-Subscription-Key: $DELTALOOP_VISION_KEY"');
    expect(words).not.toContain(KEY);
  });
});
