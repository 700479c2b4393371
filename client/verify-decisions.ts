import { z } from 'zod';
import { countPerClass } from '../data/set-checks.ts';
import { specHash } from '../data/spec-hash.ts';
import { recompute } from '../decide/recompute.ts';
import {
  EvaluationFileSchema,
  LoopFileSchema,
  LoopResultSchema,
  RoundRecordSchema,
  VerdictsFileSchema,
} from '../loop/files.ts';
import { RecordedDecisionSchema } from '../loop/recorded-decision.ts';
import type { CurvePoint, RoundDraw, RoundRecord } from '../loop/round.ts';
import { LoopSpecSchema } from '../loop/spec.ts';
import type { VerifiedRecord } from './verify-record.ts';

/** Holds the spec against its recorded hash, decisions against what their inputs give, and rows and outcome against decisions. */
export async function verifyDecisions(record: VerifiedRecord, draws: readonly RoundDraw[]): Promise<void> {
  await verifySpec(record);
  const rows: RoundRecord[] = [];
  const rounds = record.matching(/^rounds\/(\d+)\/record\.json$/).map(([, round]) => Number(round));
  for (const round of rounds.sort((a, b) => a - b)) {
    await record.require(decisionFile(round), `round ${round} was decided`);
    await verifyDecision(record, round, draws);
    const row = await verifyRow(record, round, draws);
    if (row) rows.push(row);
  }
  // A row that is missing or damaged has been told; the outcome would only say it again.
  const last = Math.max(0, ...rounds);
  const whole = Array.from({ length: last }, (_, at) => `rounds/${at + 1}/record.json`).every(
    (file) => !record.isDamaged(file),
  );
  if (whole) await verifyOutcome(record, rows);
}

function decisionFile(round: number): string {
  return `rounds/${round}/decision.json`;
}

async function verifySpec(record: VerifiedRecord): Promise<void> {
  const loop = await record.read('loop.json', LoopFileSchema);
  const spec = await record.read('spec.json', LoopSpecSchema);
  if (!loop || !spec) return;
  if (specHash(spec, loop.from) !== loop.specHash)
    record.add('changed', 'spec.json', 'is not the spec that the loop was started with: loop.json has another hash');
  if (loop.loop !== spec.name) record.add('changed', 'loop.json', `belongs to loop ${loop.loop}`);
}

const RawSchema = z.object({ decision: z.unknown() });

async function verifyDecision(record: VerifiedRecord, round: number, draws: readonly RoundDraw[]): Promise<void> {
  const file = decisionFile(round);
  const recorded = await record.read(file, RecordedDecisionSchema);
  const raw = await record.read(file, RawSchema);
  if (!recorded || !raw) return;
  const { same, differences, failure } = recompute(recorded.input, raw.decision);
  const fields = differences.map(({ field }) => field).join(', ');
  if (!same) record.add('decision', file, `is not what its own input gives: ${failure ?? `other ${fields}`}`);
  if (draws.length < round) return;
  const owned = countPerClass(
    draws.slice(0, round).flatMap(({ images }) => images),
    [],
  );
  if (!sameCounts(owned, recorded.input.perClass))
    record.add('decision', file, 'was made for other numbers of images per class than the draws give');
  const present = recorded.input.history.find((point) => point.round === round);
  if (present) await verifyPoint(record, file, present);
}

function sameCounts(one: Record<string, number>, other: Record<string, number>): boolean {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => (one[name] ?? 0) === (other[name] ?? 0));
}

/** The metric and the verdicts that a decision was made from, against what was measured. */
async function verifyPoint(record: VerifiedRecord, file: string, point: CurvePoint): Promise<void> {
  const spec = await record.read('spec.json', LoopSpecSchema);
  const attempt = point.model.slice(point.model.lastIndexOf('-') + 1);
  if (!spec || !/^\d+$/.test(attempt)) return;
  const measured = await record.read(`rounds/${point.round}/evaluation-${attempt}.json`, EvaluationFileSchema);
  if (spec.evaluation && measured && measured.performance[spec.metric] !== point.metric)
    record.add(
      'decision',
      file,
      `was made from ${point.metric}, where evaluation-${attempt}.json says ${measured.performance[spec.metric]}`,
    );
  const verdicts = await record.read(`rounds/${point.round}/verdicts-${attempt}.json`, VerdictsFileSchema);
  const expected = verdicts && Object.entries(verdicts).find(([metric]) => metric === spec.metric)?.[1];
  if (typeof expected === 'string' && expected !== point.verdicts)
    record.add('decision', file, `was made from other verdicts than those of verdicts-${attempt}.json`);
}

async function verifyRow(
  record: VerifiedRecord,
  round: number,
  draws: readonly RoundDraw[],
): Promise<RoundRecord | undefined> {
  const file = `rounds/${round}/record.json`;
  const row = await record.read(file, RoundRecordSchema);
  const decided = await record.read(decisionFile(round), RecordedDecisionSchema);
  if (!row) return undefined;
  const { metric, noise, gain, comparedWith, action } = row;
  const said = { round, metric, noise, gain, comparedWith, action };
  const other = decided && Object.entries(said).filter(([key, value]) => Reflect.get(decided.decision, key) !== value);
  if (other && other.length > 0)
    record.add('decision', file, `does not say what decision.json does: ${other.map(([key]) => key).join(', ')}`);
  if (draws.length >= round) {
    const images = draws.slice(0, round).flatMap((draw) => draw.images).length;
    if (row.images !== images || row.newImages !== draws[round - 1]?.images.length)
      record.add(
        'set',
        file,
        `counts ${row.images} images, ${row.newImages} of them new; the draws have ${images} and ${draws[round - 1]?.images.length}`,
      );
  }
  return row;
}

async function verifyOutcome(record: VerifiedRecord, rows: readonly RoundRecord[]): Promise<void> {
  const result = await record.read('outcome.json', LoopResultSchema);
  if (!result) return;
  const tell = (what: string) => record.add('decision', 'outcome.json', what);
  if (result.rounds !== rows.length) tell(`speaks of ${result.rounds} rounds; ${rows.length} were decided`);
  const billed = rows.reduce((sum, row) => sum + row.billedMinutes, 0);
  if (result.billedMinutes < billed) tell(`says ${result.billedMinutes} compute minutes; the rounds took ${billed}`);
  const { recommended } = result;
  if (recommended === null) return;
  const row = rows.find((each) => each.round === recommended.round);
  if (row?.model !== recommended.model || row.metric !== recommended.metric || row.images !== recommended.images)
    tell(`recommends ${recommended.model}, which is not the model of round ${recommended.round} as its row has it`);
}
