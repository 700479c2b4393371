import { jsonOrUndefined } from '../../../loop/json.ts';
import type { Evidence, LoopEvidence } from '../evidence.ts';
import type { Step } from '../history.ts';
import type { RecordedRequest } from '../request-log.ts';
import type { Checked } from './folder.ts';

const MODEL = /^(?<loop>.+)-r(?<round>\d+)-(?<hash>[0-9a-f]{12})-(?<attempt>\d+)$/;

interface Name {
  model: string;
  loop: string;
  round: number;
  hash: string;
  attempt: number;
}

function nameOf(model: string): Name | null {
  const { loop = '', round, hash = '', attempt } = MODEL.exec(model)?.groups ?? {};
  return loop === '' ? null : { model, loop, round: Number(round), hash, attempt: Number(attempt) };
}

/**
 * Invariant 1: at most one accepted, and at most one billed, training per model name, and a reason for every further name of a round.
 * A service whose database was put back has forgotten what it accepted, so of such a run only the reasons are asked for.
 */
export function payOnce(evidence: Evidence): Checked {
  const checked: Checked = { problems: [], notes: [] };
  const orders = evidence.requests.filter(({ training }) => training !== null);
  const asked = Map.groupBy(orders, ({ path }) => path.replace(/^models\//, ''));
  if (!evidence.restored) {
    for (const [model, requests] of asked) checked.problems.push(...paidTwice(model, requests));
    checked.problems.push(...billedTwice(evidence, asked));
  }
  for (const loop of evidence.loops) reasons(loop, [...asked.keys()], checked);
  return checked;
}

function paidTwice(model: string, requests: readonly RecordedRequest[]): string[] {
  const accepted = requests.filter(({ status }) => status !== null && status >= 200 && status < 300);
  const bodies = new Set(requests.map(({ digest }) => digest));
  return [
    ...(accepted.length > 1 ? [`training ${model} was accepted ${accepted.length} times`] : []),
    ...(bodies.size > 1 ? [`training ${model} was asked for with ${bodies.size} different bodies`] : []),
  ];
}

function billedTwice({ ledger }: Evidence, asked: ReadonlyMap<string, unknown>): string[] {
  const lines = Map.groupBy(ledger, ({ model }) => model);
  return [...lines].flatMap(([model, of]) => [
    ...(of.length > 1 ? [`training ${model} was billed ${of.length} times`] : []),
    ...(asked.has(model) ? [] : [`training ${model} was billed, but nobody asked for it`]),
  ]);
}

function reasons(loop: LoopEvidence, models: readonly string[], checked: Checked): void {
  const names = models.map(nameOf).filter((name) => name !== null && name.loop === loop.name);
  for (const name of names as Name[]) {
    if (name.attempt === 1) continue;
    const before = name.model.replace(/\d+$/, String(name.attempt - 1));
    const reason = reasonOf(loop, { ...name, before });
    if (reason === null) checked.problems.push(`training ${name.model} follows ${before} without a reason`);
    if (reason === 'history')
      checked.notes.push('a further model name has its reason in the history only, not in the loop’s folder');
  }
  for (const [round, of] of Map.groupBy(names as Name[], (name) => name.round)) {
    const parts = [...loop.files.keys()].filter((path) =>
      new RegExp(`^rounds/${round}/(subset-\\d+/)?coco\\.json$`).test(path),
    );
    const hashes = new Set(of.map(({ hash }) => hash));
    if (hashes.size > parts.length)
      checked.problems.push(
        `round ${round} of ${loop.name} trained ${hashes.size} sets of images and recorded ${parts.length}`,
      );
  }
}

/**
 * Where the reason for a further model name is recorded: in the loop's folder (a record of the round that names the model before with
 * how it ended, or the operator's answer in the journal), else in the history; null for nowhere.
 */
export function reasonOf(
  { files, history }: Pick<LoopEvidence, 'files' | 'history'>,
  { before, round }: { before: string; round: number },
): 'folder' | 'history' | null {
  const records = [...files].filter(([path]) => path.startsWith(`rounds/${round}/`) || path.startsWith('journal/'));
  if (records.some(([, bytes]) => tellsOf(jsonOrUndefined(bytes.toString('utf8')), before))) return 'folder';
  return history.steps.some((step, at) => endedOtherwise(history.steps, { step, at, before })) ? 'history' : null;
}

/** Ways in which a record says that a model came to nothing. */
const REASON_KEYS = ['code', 'reason', 'failure', 'answer', 'type'];

function tellsOf(value: unknown, model: string): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const entries = Object.entries(value);
  const named = entries.some(([key, item]) => typeof item === 'string' && item.includes(model) && key !== 'decision');
  const told = entries.some(([key, item]) => REASON_KEYS.includes(key) && typeof item === 'string' && item !== '');
  const nested = entries.some(([key, item]) => key === 'about' && JSON.stringify(item).includes(model));
  return ((named || nested) && told) || entries.some(([, item]) => tellsOf(item, model));
}

/** A training that the service reported as ended without a model, or a person's `retry` after a step of that model. */
function endedOtherwise(
  steps: readonly Step[],
  { step, at, before }: { step: Step; at: number; before: string },
): boolean {
  if (step.kind !== 'scheduled' || (step.input as { model?: string } | undefined)?.model !== before) return false;
  const end = steps
    .slice(at)
    .find((later) => later.kind !== 'scheduled' && later.kind !== 'update' && later.id === step.id);
  if (end?.kind === 'completed') {
    const { status } = (end.result ?? {}) as { status?: string };
    return status !== undefined && status !== 'succeeded';
  }
  if (end?.kind !== 'failed') return false;
  return steps.slice(at).some((later) => later.kind === 'update' && later.name === 'resolve');
}
