import type { Finding } from '../loop/finding.ts';
import type { CollectContext, Collector, CollectRequest, CollectResult, PrepareResult } from './collector.ts';
import { commitDraw, drawResult, readDraw } from './draw-file.ts';
import { movedPool } from './moved-pool.ts';
import { drawable, drawFromPool } from './pool-draw.ts';
import { availableIn, freezePool, type Pool, readPool, readPoolOrFail, requireSource } from './pool-file.ts';
import { drawsBefore, withSeed } from './seed.ts';

/** Draws from a labelled folder or COCO file; `path` is where it lies now, absolute. */
export function poolCollector(path: string): Collector {
  return {
    prepare: (ctx) => prepare(ctx, path),
    collect: (ctx, request) => collect(ctx, request, path),
    remaining: async (folder, draws) => drawable(await readPoolOrFail(folder), draws).length,
  };
}

async function prepare(ctx: CollectContext, path: string): Promise<PrepareResult> {
  await ctx.folder.mustExist();
  const frozen = await readPool(ctx.folder);
  if (frozen) return prepared(frozen);
  const pool = await freezePool(ctx, path);
  return prepared(pool);
}

function prepared(pool: Pool): PrepareResult {
  const findings: Finding[] = pool.findings;
  return { classes: pool.classes, available: availableIn(pool), findings };
}

async function collect(ctx: CollectContext, request: CollectRequest, path: string): Promise<CollectResult> {
  const { folder, classes } = ctx;
  await folder.mustExist();
  if (!(await readDraw(folder, request.round))) {
    await requireSource(path);
    const pool = await movedPool(await readPoolOrFail(folder), path);
    const earlier = await drawsBefore(folder, request.round);
    await commitDraw(folder, withSeed(await drawFromPool(ctx, { pool, earlier, request }), earlier));
  }
  return drawResult(folder, request.round, classes);
}
