import type { Evidence, LoopEvidence } from '../evidence.ts';
import { type Checked, ofRounds } from './folder.ts';

/** Bytes of one payload. */
const LARGEST = 16_384;
/** Events of a loop beside its rounds, of a round with its repetitions, and of a message. */
const EVENTS = { loop: 150, round: 150, message: 15 };
const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47]);
const BASE64_PNG = 'iVBORw0KGgo';

/** Invariant 7: histories stay small: no large payload, no image, and no more events than rounds and messages explain. */
export function historiesSmall({ loops }: Pick<Evidence, 'loops'>): Checked {
  return {
    problems: loops.flatMap((loop) => sizeOf(loop).map((problem) => `the history of ${loop.name} ${problem}`)),
    notes: [],
  };
}

function sizeOf(loop: LoopEvidence): string[] {
  const { events, payloads, steps, taskFailures } = loop.history;
  const messages = steps.filter(({ kind }) => kind === 'update').length;
  const rounds = Math.max(1, ofRounds(loop, 'draw.json').length);
  const allowed = EVENTS.loop + EVENTS.round * rounds + EVENTS.message * messages;
  const largest = payloads.reduce((most, { length }) => Math.max(most, length), 0);
  const pictures = payloads.filter((bytes) => bytes.includes(PNG) || bytes.includes(BASE64_PNG)).length;
  return [
    ...(events > allowed ? [`has ${events} events; ${rounds} rounds and ${messages} messages explain ${allowed}`] : []),
    ...(largest > LARGEST ? [`has a payload of ${largest} bytes`] : []),
    ...(pictures > 0 ? [`has ${pictures} payloads with image bytes`] : []),
    ...taskFailures.map((failure) => `has a failure of the loop’s own code: ${failure}`),
  ];
}
