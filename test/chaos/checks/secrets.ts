import type { Evidence, LoopEvidence } from '../evidence.ts';
import type { Checked } from './folder.ts';

/** Invariant 6: the secrets of the processes stand in no history, in plain or inside a payload, no log and no file of a loop. */
export function secretsKept({ loops, logs, secrets }: Pick<Evidence, 'loops' | 'logs' | 'secrets'>): Checked {
  const places = [
    ...logs.map(({ name, text }) => ({ where: `the log ${name}`, bytes: Buffer.from(text) })),
    ...loops.flatMap(placesOf),
  ];
  const problems = places.flatMap(({ where, bytes }) =>
    secrets.some((secret) => bytes.includes(secret)) ? [`a secret stands in ${where}`] : [],
  );
  return { problems: [...new Set(problems)], notes: [] };
}

function placesOf({ name, history, historyJson, files }: LoopEvidence): { where: string; bytes: Buffer }[] {
  return [
    { where: `the history of ${name}`, bytes: Buffer.from(historyJson) },
    ...history.payloads.map((bytes) => ({ where: `a payload of the history of ${name}`, bytes })),
    ...[...files].map(([path, bytes]) => ({ where: `${path} of ${name}`, bytes })),
  ];
}
