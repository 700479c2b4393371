import { LoopFolder } from '../data/loop-folder.ts';
import { specHash } from '../data/spec-hash.ts';
import { plural } from '../decide/format.ts';
import type { Task } from '../loop/metrics.ts';
import type { LoopSpec } from '../loop/spec.ts';
import { readLoopFiles } from './loop-files.ts';
import { type PlanDocument, type PlanService, planDocument } from './plan-document.ts';
import { type ListedSet, type PlanSources, readPlanSources } from './plan-sources.ts';
import { planSentences } from './plan-text.ts';
import { checkSources } from './source-check.ts';
import { readSpecFile } from './spec-file.ts';

export interface PlanRequest {
  home: string;
  /** The YAML or JSON file. */
  specPath: string;
  service: (task: Task) => PlanService;
}

/** What `deltaloop plan --json` prints, and what its text is made of. */
export interface PlannedLoop extends PlanDocument {
  /** The plan in sentences, as `start` tells it. */
  sentences: string[];
  /** Nothing that a listing shows would hold the loop up at its start. */
  passed: boolean;
  /** The command to type after it. */
  next: string;
}

/**
 * What the loop of a spec file would do; reads the spec and lists its sources, asks no server and starts nothing.
 * @throws CliError as `start` does, when the spec makes no sense or its sources cannot be read.
 */
export async function planLoop({ home, specPath, service }: PlanRequest): Promise<PlannedLoop> {
  const spec = await readSpecFile(specPath);
  await checkSources(spec);
  const sources = await readPlanSources(spec);
  const document = planDocument(spec, sources, service(spec.task));
  const problems = sourceProblems(spec, sources);
  return {
    ...document,
    sentences: planSentences(spec, document),
    warnings: [...document.warnings, ...problems, ...(await nameNotes(home, spec))],
    passed: problems.length === 0,
    next: problems.length > 0 ? checkCommand(spec) : `deltaloop start ${specPath} --watch`,
  };
}

function sourceProblems({ collector, evaluation }: LoopSpec, sources: PlanSources): string[] {
  const problem = (what: string, path: string, { errors }: ListedSet) =>
    errors === 0 ? [] : [`${what} ${path} has ${plural(errors, 'problem')} that would hold the loop up at its start.`];
  return [
    ...(collector.kind === 'pool' && sources.pool ? problem('The pool', collector.path, sources.pool) : []),
    ...(evaluation && sources.evaluation ? problem('The evaluation set', evaluation.path, sources.evaluation) : []),
  ];
}

function checkCommand({ collector, evaluation, task }: LoopSpec): string {
  const first = collector.kind === 'pool' ? collector.path : (evaluation?.path ?? '');
  const second = collector.kind === 'pool' && evaluation ? ` --evaluation ${evaluation.path}` : '';
  return `deltaloop check ${first}${second}${task === 'detection' ? ' --task detection' : ''}`;
}

/** What `start` would say of the name: a loop's name is used once. */
async function nameNotes(home: string, spec: LoopSpec): Promise<string[]> {
  const earlier = await readLoopFiles(LoopFolder.at(home, spec.name));
  if (earlier === undefined) return [];
  return earlier.loop.specHash === specHash(spec, earlier.loop.from)
    ? [`Loop ${spec.name} was started with this very spec already; starting it again begins no second one.`]
    : [`The name ${spec.name} is taken by a loop with another spec: to start this one, give it another name.`];
}
