import { HEAD_PARTS, type HeadPart } from './graphs.ts';

/** Numbers by part of a head; matrices row by row. */
export type HeadNumbers = Record<HeadPart, Float32Array>;

/** Sizes of a head: features of a place, hidden units, classes. */
export interface HeadSize {
  features: number;
  hidden: number;
  classes: number;
}

/** What tells for every place whether an object is there, of which class, and where its sides are. */
export interface PlaceHead {
  size: HeadSize;
  numbers: HeadNumbers;
}

/** Rows and columns of each part; a bias has one row. */
export function partShapes({ features, hidden, classes }: HeadSize): Record<HeadPart, [rows: number, columns: number]> {
  return {
    wHidden: [features, hidden],
    bHidden: [1, hidden],
    wObject: [hidden, 1],
    bObject: [1, 1],
    wClass: [hidden, classes],
    bClass: [1, classes],
    wSides: [hidden, 4],
    bSides: [1, 4],
  };
}

/** One value a part. */
export function byPart<T>(value: (part: HeadPart) => T): Record<HeadPart, T> {
  return {
    wHidden: value('wHidden'),
    bHidden: value('bHidden'),
    wObject: value('wObject'),
    bObject: value('bObject'),
    wClass: value('wClass'),
    bClass: value('bClass'),
    wSides: value('wSides'),
    bSides: value('bSides'),
  };
}

/** Whether every number of a head is finite. */
export function isFinitePlaceHead({ numbers }: PlaceHead): boolean {
  return HEAD_PARTS.every((part) => numbers[part].every(Number.isFinite));
}
