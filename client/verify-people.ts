import { AdmissionSchema } from '../collect/admission-file.ts';
import { BatchSchema } from '../collect/batch-file.ts';
import { LoopResultSchema } from '../loop/files.ts';
import type { RoundDraw } from '../loop/round.ts';
import type { VerifiedRecord } from './verify-record.ts';

/** What people handed in: every batch and image of an admission is there, and none was accepted twice or lost. */
export async function verifyAdmissions(record: VerifiedRecord, draws: readonly RoundDraw[]): Promise<void> {
  const accepted = new Map<string, number>();
  const sequences = record.matching(/^admissions\/(\d+)\.json$/).map(([, sequence]) => Number(sequence));
  for (let sequence = 1; sequence <= Math.max(0, ...sequences); sequence += 1) {
    const file = `admissions/${sequence}.json`;
    await record.require(file, 'there is a later one');
    const admission = await record.read(file, AdmissionSchema);
    if (!admission) continue;
    await verifyBatch(record, `batches/${admission.manifest.sha256}.json`, sequence);
    for (const image of admission.images) {
      const earlier = accepted.get(image.sha256);
      if (earlier !== undefined)
        record.add('set', file, `accepts image ${image.file}, which hand-in ${earlier} brought`);
      accepted.set(image.sha256, sequence);
    }
  }
  await countUnused(record, draws, accepted);
}

async function verifyBatch(record: VerifiedRecord, file: string, sequence: number): Promise<void> {
  await record.require(file, `hand-in ${sequence} was admitted from it`);
  const batch = await record.read(file, BatchSchema);
  for (const image of batch?.images ?? [])
    await record.require(`inbox/${image.file}`, `it was handed in as ${image.source}`);
}

/** An accepted image that no round drew must be among those that the outcome tells as unused. */
async function countUnused(
  record: VerifiedRecord,
  draws: readonly RoundDraw[],
  accepted: ReadonlyMap<string, number>,
): Promise<void> {
  const result = await record.read('outcome.json', LoopResultSchema);
  if (!result) return;
  const drawn = new Set(draws.flatMap(({ images }) => images.map(({ sha256 }) => sha256)));
  const unused = [...accepted.keys()].filter((sha256) => !drawn.has(sha256)).length;
  if (unused > result.unusedImages && draws.length >= result.rounds)
    record.add(
      'set',
      'outcome.json',
      `tells ${result.unusedImages} unused images; ${unused} accepted ones are in no round`,
    );
}
