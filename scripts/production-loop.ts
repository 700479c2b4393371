import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { LoopResult } from '../loop/outcome.ts';
import type { LoopProgress } from '../loop/progress.ts';
import { imageFolder } from '../test/support/images.ts';
import { billed } from '../test/support/service-records.ts';
import type { Layout } from './production-layout.ts';
import type { Stack } from './production-stack.ts';

const NAME = 'production';
export const ROUNDS = 6;
const LIMIT_MS = 5 * 60_000;

const ProgressSchema = z.custom<LoopProgress>((value) => typeof value === 'object' && value !== null);
const StatusSchema = z.looseObject({ status: z.string(), progress: ProgressSchema.nullable() });

/** Writes photos that a container could only read, and a spec whose loop ends after its last round and not before. */
export async function writeSpec({ root }: Layout): Promise<string> {
  const photos = join(root, 'photos');
  await imageFolder(join(photos, 'pool'), { perClass: 40, firstSeed: 1 });
  await imageFolder(join(photos, 'evaluation'), { perClass: 10, firstSeed: 1000 });
  const spec = {
    name: NAME,
    collector: { kind: 'pool', path: join(photos, 'pool') },
    evaluation: { path: join(photos, 'evaluation') },
    policy: 'thresholds',
    imagesPerClass: 4,
    target: 1,
    claim: 'lower-bound',
    patience: 9,
    caps: { rounds: ROUNDS },
  };
  const path = join(photos, 'spec.yaml');
  await writeFile(path, JSON.stringify(spec));
  return path;
}

/** A loop, started and followed as `docker compose exec worker deltaloop …` would. */
export class ProductionLoop {
  readonly #stack: Stack;
  readonly #layout: Layout;

  constructor(stack: Stack, layout: Layout) {
    this.#stack = stack;
    this.#layout = layout;
  }

  start(spec: string): Promise<string> {
    return this.#deltaloop(['start', spec]);
  }

  /** Waits until so many rounds are decided. */
  async until(rounds: number): Promise<void> {
    for (const since = Date.now(); (await this.#rounds()) < rounds; await delay(500)) {
      assert.ok(Date.now() - since < LIMIT_MS, `round ${rounds} is not decided after five minutes`);
    }
  }

  /** Waits for the end; `outcome.json` of the loop's folder. */
  async result(): Promise<LoopResult> {
    await this.until(ROUNDS);
    const path = join(this.#layout.root, 'home/loops', NAME, 'outcome.json');
    for (const since = Date.now(); ; await delay(500)) {
      const { status } = await this.#status();
      if (status === 'finished') return JSON.parse(await readFile(path, 'utf8')) as LoopResult;
      assert.ok(Date.now() - since < LIMIT_MS, `the loop is ${status} five minutes after its last round`);
    }
  }

  /** Every training that the vision service bills for the loop. */
  billed(key: string): ReturnType<typeof billed> {
    return billed({ service: { url: `http://127.0.0.1:${this.#layout.ports.vision}`, key } }, NAME);
  }

  async #rounds(): Promise<number> {
    return (await this.#status()).progress?.rounds.length ?? 0;
  }

  async #status(): Promise<z.output<typeof StatusSchema>> {
    return StatusSchema.parse(JSON.parse(await this.#deltaloop(['status', NAME, '--json'])));
  }

  async #deltaloop(args: string[]): Promise<string> {
    return this.#stack.exec('worker', ['node', 'bin/deltaloop.ts', ...args]);
  }
}
