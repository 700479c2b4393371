import type { LoopFolder } from '../data/loop-folder.ts';
import { ModelFileSchema } from '../loop/files.ts';
import { reasonInWords } from '../loop/model-reason.ts';
import type { TrainingLine } from '../report/report-data.ts';
import { type TrainingPlace, trainingFile } from './loop-files.ts';
import { readTraining } from './training.ts';

/** Parts of the first round that may have been trained: ¼ and ½. */
const PARTS = [0.25, 0.5];

/**
 * Every training that the loop asked for up to a round, in order, with the reason that allowed it. A loop from before reasons were
 * recorded has none.
 */
export async function trainingLines(folder: LoopFolder, lastRound: number): Promise<TrainingLine[]> {
  const rounds = Array.from({ length: lastRound }, (_, i) => i + 1);
  const places = rounds.flatMap((round): TrainingPlace[] => [
    ...(round === 1 ? PARTS.map((share) => ({ round, share })) : []),
    { round },
  ]);
  return (await Promise.all(places.map((place) => linesOf(folder, place)))).flat();
}

async function linesOf(folder: LoopFolder, place: TrainingPlace): Promise<TrainingLine[]> {
  const lines: TrainingLine[] = [];
  for (let attempt = 1; ; attempt += 1) {
    const asked = await folder.readRecord(trainingFile(place, `model-${attempt}`), ModelFileSchema);
    if (asked === undefined) return lines;
    const { model, hours, reason } = asked;
    const ended = await readTraining(folder, { ...place, model });
    lines.push({
      round: place.round,
      model,
      hours,
      why: reasonInWords(reason),
      succeeded: ended !== undefined,
      minutes: ended?.minutes ?? null,
    });
  }
}
