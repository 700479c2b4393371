import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ofRounds } from './checks/folder.ts';
import { checkAll } from './checks/index.ts';
import { type Disturbed, disturb } from './disturb.ts';
import { type Evidence, evidenceOf, type LoopEvidence, ledgerOf, logSizes, logsSince } from './evidence.ts';
import { startLoop } from './loops.ts';
import { tend } from './operator.ts';
import { handIn } from './people.ts';
import { drawPlan, type Plan } from './plan.ts';
import { replayAll } from './replay.ts';
import type { RunResult } from './report.ts';
import type { ChaosSources } from './sources.ts';
import { calm, type Stage } from './stage.ts';

/** What a run took, and where its evidence is kept when it failed. */
export interface RunOptions {
  stage: Stage;
  sources: ChaosSources;
  seed: number;
  /** Folder in which the evidence of a failed run is kept. */
  kept: string;
  /** Keeps it always. */
  keepAll: boolean;
}

/** Makes one run, checks it, and keeps its evidence only when something is wrong. */
export async function runSeed(options: RunOptions): Promise<RunResult> {
  const { stage, seed } = options;
  const plan = drawPlan(seed);
  await calm(stage);
  const startedAt = Date.now();
  const logs = await logSizes(stage);
  const crashes = [stage.temporal, stage.service, ...stage.workers].map((kept) => kept.crashes.length);
  const played = await play(options, plan, startedAt);
  const evidence: Evidence = {
    loops: played.loops,
    restored: played.disturbed.some(({ disturbance }) => disturbance.kind === 'restore'),
    requests: stage.requests.since(startedAt),
    ledger: await ledgerOf(
      stage,
      plan.loops.map(({ name }) => name),
    ),
    logs: await logsSince(stage, logs),
    secrets: Object.values(stage.secrets),
  };
  const checked = checkAll(evidence);
  const replayed = await replayAll(stage.bundle, played.loops);
  const problems = [...checked.problems, ...played.loops.flatMap(unended), ...replayed.problems];
  const result: RunResult = {
    seed,
    loops: played.loops.map(({ name, spec, status, tended, files }) => ({
      name,
      kind: spec.task === 'detection' ? 'detection' : spec.collector.kind,
      outcome: outcomeOf(files) ?? status.toLowerCase(),
      answers: tended.answers,
    })),
    disturbances: played.disturbed.map(({ disturbance, at, result }) => ({
      kind: kindOf(disturbance),
      ...(disturbance.on ? { on: disturbance.on.route } : {}),
      atMs: at - startedAt,
      result,
    })),
    done: doneIn(evidence),
    crashes: [stage.temporal, stage.service, ...stage.workers].flatMap((kept, at) => kept.crashes.slice(crashes[at])),
    seconds: Math.round((Date.now() - startedAt) / 100) / 10,
    problems,
    notes: [...checked.notes, ...replayed.notes],
  };
  await tidy(options, { result, evidence, plan });
  return result;
}

interface Played {
  loops: LoopEvidence[];
  disturbed: Disturbed[];
}

async function play({ stage, sources }: RunOptions, plan: Plan, startedAt: number): Promise<Played> {
  const running = await Promise.all(plan.loops.map((loop) => startLoop(stage, loop, sources)));
  const storm = disturb({ stage, loops: running, startedAt }, plan.disturbances);
  const ended = await Promise.all(
    running.map(async (loop) => {
      const [tended, told] = await Promise.all([
        tend({ stage, loop, plan, startedAt }),
        handIn({ stage, loop, sources, startedAt }),
      ]);
      return { loop, tended, told };
    }),
  );
  const disturbed = await storm;
  await calm(stage);
  return { disturbed, loops: await Promise.all(ended.map(({ loop, ...more }) => evidenceOf(stage, loop, more))) };
}

/** A loop that does not end although everything is well again and it was told to stop. */
function unended({ name, status, tended }: LoopEvidence): string[] {
  if (status === 'COMPLETED' || status === 'CANCELLED') return [];
  const { phase = 'unknown', state = '' } = tended.seen ?? {};
  return [`liveness: ${name} is ${status.toLowerCase()}, last seen ${phase}: ${state}`];
}

function doneIn({ loops, requests }: Evidence): NonNullable<RunResult['done']> {
  const models = new Set(requests.flatMap(({ training, path }) => (training ? [path] : [])));
  return {
    rounds: loops.flatMap((loop) => ofRounds(loop, 'record.json')).length,
    trainings: models.size,
    further: [...models].filter((path) => !path.endsWith('-1')).length,
  };
}

function outcomeOf(files: LoopEvidence['files']): string | null {
  const bytes = files.get('outcome.json');
  return bytes ? (JSON.parse(bytes.toString('utf8')) as { outcome: string }).outcome : null;
}

function kindOf(disturbance: Disturbed['disturbance']): string {
  switch (disturbance.kind) {
    case 'kill':
    case 'ask':
      return `${disturbance.kind} ${disturbance.what}`;
    case 'http':
      return `http ${disturbance.fault}`;
    case 'freeze':
    case 'restore':
    case 'clock':
    case 'disk-full':
      return disturbance.kind;
  }
}

/** Takes a run's loops away, or keeps everything about them for whoever looks into it. */
async function tidy(
  { stage, kept, keepAll }: RunOptions,
  { result, evidence, plan }: { result: RunResult; evidence: Evidence; plan: Plan },
) {
  const folders = plan.loops.map(({ name }) => join(stage.home, 'loops', name));
  if (result.problems.length > 0 || keepAll) {
    const into = join(kept, `seed-${plan.seed}`);
    await rm(into, { recursive: true, force: true });
    await mkdir(into, { recursive: true, mode: 0o700 });
    result.evidence = into;
    const { requests, ledger, logs, loops } = evidence;
    await writeFile(join(into, 'run.json'), JSON.stringify({ result, plan, requests, ledger }, null, 2));
    for (const { name, historyJson } of loops) await writeFile(join(into, `${name}.history.json`), historyJson);
    for (const { name, text } of logs) await writeFile(join(into, `${name}.log`), text);
    for (const [at, { name }] of plan.loops.entries())
      await cp(folders[at] ?? '', join(into, name), { recursive: true });
    await abandon(stage, plan);
  }
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
}

/** What still runs must not meet the next run. */
async function abandon(stage: Stage, { loops }: Plan): Promise<void> {
  for (const { name } of loops)
    await stage.client.workflow
      .getHandle(name)
      .terminate('a failed run')
      .catch(() => undefined);
}
