import { createHash } from 'node:crypto';
import { z } from 'zod';
import { RoundDrawSchema } from '../../../loop/files.ts';
import type { Evidence, LoopEvidence } from '../evidence.ts';
import { type Checked, ofRounds, readAs } from './folder.ts';

const PreparedSchema = z.looseObject({
  evaluation: z.looseObject({ hash: z.string(), file: z.looseObject({ sha256: z.string() }) }).nullable(),
});
const MeasuredSchema = z.looseObject({ evaluationHash: z.string() });
const SetSchema = z.looseObject({ images: z.array(z.looseObject({ sha256: z.string(), file: z.string() })) });

/**
 * Invariant 3: the evaluation set is what it was when it was frozen, every measurement was made on it, and no training image equals one of
 * it, in bytes or in decoded pixels.
 */
export function yardstick({ loops }: Pick<Evidence, 'loops'>): Checked {
  return {
    problems: loops.flatMap((loop) => [...frozen(loop), ...apart(loop)].map((problem) => `${loop.name}: ${problem}`)),
    notes: [],
  };
}

function frozen(loop: LoopEvidence): string[] {
  const { steps } = loop.history;
  const prepared = steps.find((step) => step.kind === 'scheduled' && step.name === 'prepareLoop');
  const answered = steps.findLast((step) => step.kind === 'completed' && isEvaluated(step.result));
  if (!prepared || answered?.kind !== 'completed') return [];
  const { evaluation } = PreparedSchema.parse(answered.result);
  if (!evaluation) return [];
  const measured = steps.flatMap((step) =>
    step.kind === 'scheduled' && step.name === 'evaluateModel' ? [MeasuredSchema.parse(step.input)] : [],
  );
  const others = measured.filter(({ evaluationHash }) => evaluationHash !== evaluation.hash);
  const coco = loop.files.get('evaluation/coco.json');
  return [
    ...others.map(
      ({ evaluationHash }) => `a model was measured on the evaluation set ${evaluationHash}, not ${evaluation.hash}`,
    ),
    ...(coco && sha256Of(coco) === evaluation.file.sha256 ? [] : ['evaluation/coco.json is not what was frozen']),
    ...changedImages(loop),
  ];
}

function isEvaluated(result: unknown): boolean {
  return typeof result === 'object' && result !== null && 'evaluation' in result && 'firstNeed' in result;
}

function changedImages(loop: LoopEvidence): string[] {
  const { images } = readAs(loop, 'evaluation/set.json', SetSchema) ?? { images: [] };
  return images.flatMap(({ sha256, file }) => {
    const bytes = loop.files.get(`evaluation/images/${file}`);
    return bytes && sha256Of(bytes) === sha256 ? [] : [`evaluation image ${file} is gone or changed`];
  });
}

function apart(loop: LoopEvidence): string[] {
  const measured = [...loop.pixels].filter(([path]) => path.startsWith('evaluation/images/'));
  const names = new Set(measured.map(([path]) => path.slice(path.lastIndexOf('/') + 1)));
  const pixels = new Set(measured.map(([, hash]) => hash));
  const trained = ofRounds(loop, 'draw.json').flatMap(({ path }) => readAs(loop, path, RoundDrawSchema)?.images ?? []);
  return trained.flatMap(({ file }) => {
    const alike = pixels.has(loop.pixels.get(`images/${file}`) ?? '');
    return names.has(file) || alike
      ? [`training image ${file} equals one of the evaluation set in its ${names.has(file) ? 'bytes' : 'pixels'}`]
      : [];
  });
}

function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
