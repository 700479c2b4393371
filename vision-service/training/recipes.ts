import type { ViewName } from '../backbones/views.ts';

/** A linear head with its strength. */
export type HeadRecipe =
  | { kind: 'discriminant'; shrink: number }
  | { kind: 'logistic'; lambda: number }
  | { kind: 'prototypes' };

/** A way to train a classifier. */
export interface Recipe {
  /** Two heads are blended: their scores are added, each in units of its own spread. */
  heads: readonly HeadRecipe[];
  /** Further views of the training images that the heads learn from. */
  views: readonly ViewName[];
  /** Whether a class is as likely as it is frequent among the training images; else all are alike. */
  asCounted: boolean;
}

/** Strengths to choose from, from weak to strong; neighbours are tried one after another. */
export const SHRINKS: readonly number[] = [0.02, 0.05, 0.1, 0.3, 0.5, 0.7, 0.9];
export const LAMBDAS: readonly number[] = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2];

/**
 * Tried first. On digits, clothes and drawings at 2 to 50 images a class, either head alone is best somewhere; their blend is
 * never far from it (`npm run bench -- --only few-shot`).
 */
export const FIRST_DISCRIMINANT: HeadRecipe = { kind: 'discriminant', shrink: 0.5 };
export const FIRST_LOGISTIC: HeadRecipe = { kind: 'logistic', lambda: 1e-4 };

/** A head in words. */
export function headName(head: HeadRecipe): string {
  if (head.kind === 'logistic') return `logistic regression, lambda ${head.lambda}`;
  if (head.kind === 'discriminant') return `linear discriminant, shrinkage ${head.shrink}`;
  return 'cosine prototypes';
}

/** A recipe in words. */
export function recipeName({ heads, views, asCounted }: Recipe): string {
  const parts = [
    heads.map(headName).join(' + '),
    views.length > 0 && `images also ${views.join(' and ')}`,
    asCounted && 'classes as frequent as in training',
  ];
  return parts.filter((part) => part !== false).join('; ');
}
