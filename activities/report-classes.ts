import type { EvaluationImage } from '../data/evaluation-set.ts';
import { countPerClass } from '../data/set-checks.ts';
import { EvaluationFileSchema } from '../loop/files.ts';
import { classesOf } from '../loop/labels.ts';
import type { ModelPerformance } from '../loop/metrics.ts';
import type { Recommendation } from '../loop/outcome.ts';
import type { RoundDraw } from '../loop/round.ts';
import type { ClassRow } from '../report/report-data.ts';
import { type LoopFiles, roundFile } from './loop-files.ts';
import { attemptOf, readTraining } from './training.ts';

/** The report's table of classes: images on both sides and, for a detector, the surplus and the precision of each class. */
export async function classRows(
  { folder, spec }: Pick<LoopFiles, 'folder' | 'spec'>,
  from: { draws: readonly RoundDraw[]; set: readonly EvaluationImage[]; recommended: Recommendation | null },
): Promise<ClassRow[]> {
  const { draws, set, recommended } = from;
  const trained = draws.flatMap(({ images }) => images);
  const names = [...new Set([...trained, ...set].flatMap(classesOf))].sort();
  const [training, evaluation] = [countPerClass(trained, names), countPerClass(set, names)];
  const surplus = draws.findLast((draw) => draw.surplus)?.surplus ?? {};
  const performance = recommended === null ? null : await performanceOf(folder, recommended);
  return names.map((name) => ({
    name,
    training: training[name] ?? 0,
    evaluation: set.length > 0 ? (evaluation[name] ?? 0) : null,
    ...(spec.task === 'detection'
      ? {
          surplus: surplus[name] ?? 0,
          averagePrecision50: performance?.tagPerformance[name]?.averagePrecision50 ?? null,
        }
      : {}),
  }));
}

async function performanceOf(
  folder: LoopFiles['folder'],
  { round, model }: Recommendation,
): Promise<ModelPerformance | null> {
  const measured = await folder.readRecord(roundFile(round, `evaluation-${attemptOf(model)}`), EvaluationFileSchema);
  return measured?.performance ?? (await readTraining(folder, { round, model }))?.performance ?? null;
}
