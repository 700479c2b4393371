import type { WorkflowExecutionInfo } from '@temporalio/client';
import { LoopFolder } from '../data/loop-folder.ts';
import { decimal } from '../decide/format.ts';
import { marked, unusedWords } from '../report/outcome-words.ts';
import { LOOP_WORKFLOW } from '../workflows/messages.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext } from './context.ts';
import { readImported } from './imported-file.ts';
import { type LoopFiles, loopNames, readLoopFiles } from './loop-files.ts';
import { KEYS } from './search-attributes.ts';
import { textTable } from './text-table.ts';

/** Most executions that are looked through. */
const MOST_EXECUTIONS = 1000;

/** One loop in `deltaloop list --json`. */
export interface ListedLoop {
  loop: string;
  title: string;
  /** A phase, an outcome, how Temporal closed it, `imported` for the record of a loop that ran elsewhere, or `unknown` without a server. */
  state: string;
  round: number;
  /** Newest metric, 0–1. */
  metric: number | null;
  /** Whether the metric is the service’s own hold-out metric, without an evaluation set. */
  holdOut: boolean;
  target: number | null;
  needsPerson: boolean;
  /** Images that people handed in and no round used, once the loop has ended. */
  unusedImages: number;
  /** ISO-8601 UTC. */
  startedAt: string;
}

/** Every loop of this home and every one that runs in Temporal, by name; `serverProblem` says why Temporal was not asked. */
export async function listLoops(
  context: CommandContext,
): Promise<{ loops: ListedLoop[]; serverProblem: string | null }> {
  const { home } = context.settings;
  const { executions, serverProblem } = await newestExecutions(context);
  const names = new Set(await loopNames(home));
  for (const [name, { status }] of executions) if (status.name === 'RUNNING') names.add(name);
  const loops: ListedLoop[] = [];
  for (const name of [...names].sort()) {
    const folder = LoopFolder.at(home, name);
    const loop = listed(name, await readLoopFiles(folder), executions.get(name));
    // Where the loop itself runs on, its state there says more than that its record was imported.
    if (loop?.state === 'unknown' && (await readImported(folder))) loop.state = 'imported';
    if (loop) loops.push(loop);
  }
  return { loops, serverProblem };
}

async function newestExecutions(context: CommandContext) {
  const executions = new Map<string, WorkflowExecutionInfo>();
  try {
    const { client } = await context.connect();
    await client.connection.withDeadline(Date.now() + 5000, async () => {
      let seen = 0;
      for await (const execution of client.workflow.list({ query: `WorkflowType = '${LOOP_WORKFLOW}'` })) {
        const known = executions.get(execution.workflowId);
        if (!known || known.startTime < execution.startTime) executions.set(execution.workflowId, execution);
        seen += 1;
        if (seen === MOST_EXECUTIONS) break;
      }
    });
    return { executions, serverProblem: null };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return { executions, serverProblem: error.message };
  }
}

function listed(
  loop: string,
  files: LoopFiles | undefined,
  execution: WorkflowExecutionInfo | undefined,
): ListedLoop | undefined {
  if (!files && !execution) return undefined;
  const attributes = execution?.typedSearchAttributes;
  const running = execution?.status.name === 'RUNNING';
  return {
    loop,
    title: files?.spec?.title ?? loop,
    state: stateOf(files, execution),
    round: files?.result?.rounds ?? attributes?.get(KEYS.round) ?? files?.rounds.length ?? 0,
    metric: files?.rounds.findLast((record) => record.metric !== null)?.metric ?? attributes?.get(KEYS.metric) ?? null,
    holdOut: Boolean(files?.spec) && files?.spec?.evaluation === undefined,
    target: targetOf(files, running ? attributes : undefined),
    needsPerson: running && !files?.result && attributes?.get(KEYS.needsHuman) === true,
    unusedImages: files?.result?.unusedImages ?? 0,
    startedAt: files?.loop.startedAt ?? execution?.startTime.toISOString() ?? '',
  };
}

/** What a running loop says itself is newer than its files: a change of the target reaches them with its next step. */
function targetOf(files: LoopFiles | undefined, told: WorkflowExecutionInfo['typedSearchAttributes'] | undefined) {
  if (told?.get(KEYS.phase) !== undefined) return told.get(KEYS.target) ?? null;
  return files?.spec?.target ?? null;
}

function stateOf(files: LoopFiles | undefined, execution: WorkflowExecutionInfo | undefined): string {
  if (files?.result) return files.result.outcome;
  if (!execution) return 'unknown';
  if (execution.status.name === 'RUNNING') return execution.typedSearchAttributes.get(KEYS.phase) ?? 'running';
  return execution.status.name.toLowerCase().replace('_', '-');
}

/** The list as an aligned table; a `*` marks loops that wait for a person, and below stands what people handed in for nothing. */
export function listText(loops: ListedLoop[]): string {
  const rows = loops.map(({ loop, state, needsPerson, round, metric, holdOut, target, startedAt, title }) => [
    loop,
    needsPerson ? `${state} *` : state,
    round,
    metric === null ? '–' : marked(decimal(metric, 3), holdOut),
    target === null ? '–' : decimal(target, 3),
    startedAt.slice(0, 16).replace('T', ' '),
    title === loop ? '' : title,
  ]);
  const table = textTable(['loop', 'state', 'round', 'metric', 'target', 'started (UTC)', 'title'], rows);
  const waits = loops.some(({ needsPerson }) => needsPerson) && '* waits for a person';
  const unused = loops.filter(({ unusedImages }) => unusedImages > 0);
  const notes = unused.map((loop) => `${loop.loop}: ${unusedWords(loop)}`).join('\n');
  return [table, waits, notes].filter(Boolean).join('\n\n');
}
