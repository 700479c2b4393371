import { ModelFileSchema } from '../../../loop/files.ts';
import type { Evidence, LoopEvidence } from '../evidence.ts';
import type { RecordedRequest } from '../request-log.ts';
import { type Checked, readAs } from './folder.ts';

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
    if (!hasReason(loop, { ...name, before }))
      checked.problems.push(`training ${name.model} follows ${before} without a reason in the loop’s folder`);
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
 * Whether the loop's own folder says why there is a further model name: its record, written before the name existed anywhere, names the
 * model before it and how that one ended or who asked again.
 */
export function hasReason(loop: Pick<LoopEvidence, 'files'>, { model, before, round, attempt }: Further): boolean {
  const paths = [...loop.files.keys()].filter((path) => FOLDER_OF_ROUND(round).test(path));
  return paths.some((path) => {
    if (!path.endsWith(`/model-${attempt}.json`)) return false;
    const record = readAs(loop, path, ModelFileSchema);
    return record?.model === model && 'after' in record.reason && record.reason.after === before;
  });
}

const FOLDER_OF_ROUND = (round: number) => new RegExp(`^rounds/${round}/(subset-\\d+/)?`);

interface Further extends Pick<Name, 'model' | 'round' | 'attempt'> {
  before: string;
}
