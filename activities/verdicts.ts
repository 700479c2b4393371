import { z } from 'zod';
import type { VerdictsFile } from '../loop/files.ts';
import { classesOf } from '../loop/labels.ts';
import type { PredictionKind } from './prediction-kind.ts';

const KEPT = 5;

/** The surest classes of one image with their confidences (0–1), surest first; none when it was not predicted. */
type Top = [className: string, confidence: number][];

/** What a classifier said of every evaluation image, and whether it was right: `rounds/N/verdicts-A.json`. */
export const VERDICTS: PredictionKind<Top> = {
  file: 'verdicts',
  key: 'top',
  schema: z.array(z.tuple([z.string(), z.number()])),
  of: (prediction) =>
    (prediction?.customModelResult.tagsResult?.values ?? [])
      .slice(0, KEPT)
      .map(({ name, confidence }) => [name, confidence]),
  write: async (folder, { path, model, set, known }) => {
    const predictions = set.map(({ sha256 }) => ({ image: sha256, top: known.get(sha256) ?? [] }));
    const verdicts = (k: number) =>
      set.map((image, i) => verdict(classesOf(image), predictions[i]?.top ?? [], k)).join('');
    const file: VerdictsFile = {
      schemaVersion: 1,
      model,
      accuracyTop1: verdicts(1),
      accuracyTop5: verdicts(KEPT),
      predictions,
    };
    await folder.writeJsonOnce(path, file);
  },
};

function verdict([truth]: readonly string[], top: Top, k: number): string {
  if (top.length === 0) return '-';
  return top.slice(0, k).some(([name]) => name === truth) ? '1' : '0';
}
