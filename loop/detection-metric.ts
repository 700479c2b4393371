/** A class by its index or its name; use one of them throughout. */
export type Label = string | number;

/** A box, [left, top, width, height]; any unit, the same one for every box of an image. */
export type Box = readonly [left: number, top: number, width: number, height: number];

/** A box that is really there. */
export type TrueBox = { label: Label; box: Box };

/** A box that a detector found, and how sure it is, 0–1. */
export type FoundBox = { label: Label; box: Box; score: number };

/** What matching leaves of one image: for each found box whether it counts as right, and how many true boxes each class has. */
export type ImageMatches = {
  found: readonly { label: Label; score: number; right: boolean }[];
  trueBoxes: ReadonlyMap<Label, number>;
};

/** Matches of many images by class, the surest found box first: made once, measured for any draw of the images. */
export type MatchTable = ReadonlyMap<Label, ClassMatches>;

type ClassMatches = {
  /** One entry for each found box, by falling score. */
  scores: Float64Array;
  images: Uint32Array;
  right: Uint8Array;
  /** Images with true boxes of the class, and how many each has. */
  trueImages: Uint32Array;
  trueCounts: Uint32Array;
};

/** Added to both sides of every box and overlap, as the package does; felt only by tiny boxes in relative units. */
const SIDE_OFFSET = 1e-5;

/**
 * Matches the found boxes of one image with its true ones, as MeanAveragePrecisionEvaluatorForSingleIOU of the PyPI package
 * vision-evaluation 0.2.14 does: from the surest to the least sure (the earlier first on equal scores), each looks at the true box
 * of its class that it overlaps most (again the earlier). It is right if the overlap reaches `iou` and nobody took that box
 * before; it never falls back to the second best. No box of another image plays a part, so images can be matched one by one.
 *
 * @param found what a detector gave for the image
 * @param truths what is there
 * @param iou smallest intersection over union that counts, 0–1
 */
export function matchImage(found: readonly FoundBox[], truths: readonly TrueBox[], iou: number): ImageMatches {
  const taken = new Set<number>();
  const falling = [...found].sort((a, b) => b.score - a.score);
  return {
    found: falling.map(({ label, box, score }) => {
      const best = mostOverlapping(box, label, truths);
      const right = best.overlap >= iou && !taken.has(best.index);
      if (right) taken.add(best.index);
      return { label, score, right };
    }),
    trueBoxes: countLabels(truths),
  };
}

function mostOverlapping(box: Box, label: Label, truths: readonly TrueBox[]): { index: number; overlap: number } {
  let best = { index: -1, overlap: Number.NEGATIVE_INFINITY };
  for (const [index, truth] of truths.entries()) {
    if (truth.label !== label) continue;
    const overlap = intersectionOverUnion(box, truth.box);
    if (overlap > best.overlap) best = { index, overlap };
  }
  return best;
}

function countLabels(truths: readonly TrueBox[]): Map<Label, number> {
  const counts = new Map<Label, number>();
  for (const { label } of truths) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}

/** Area that two boxes share by the area that they cover together, 0–1, each side lengthened by 0.00001; 0 for boxes without area. */
export function intersectionOverUnion(a: Box, b: Box): number {
  const [edgesA, edgesB] = [toEdges(a), toEdges(b)];
  const shared = area({
    left: Math.max(edgesA.left, edgesB.left),
    top: Math.max(edgesA.top, edgesB.top),
    right: Math.min(edgesA.right, edgesB.right),
    bottom: Math.min(edgesA.bottom, edgesB.bottom),
  });
  const covered = area(edgesA) + area(edgesB) - shared;
  return covered > 0 ? shared / covered : 0;
}

type Edges = { left: number; top: number; right: number; bottom: number };

function toEdges([left, top, width, height]: Box): Edges {
  return { left, top, right: left + width, bottom: top + height };
}

/** From the edges, not the sides, so that rounding is that of the package, which is given edges. */
function area({ left, top, right, bottom }: Edges): number {
  const width = right - left + SIDE_OFFSET;
  const height = bottom - top + SIDE_OFFSET;
  return width > 0 && height > 0 ? width * height : 0;
}

/** {@link ClassMatches} while it grows, in no order. */
type Rows = Record<keyof ClassMatches, number[]>;

/** Sorts the matches of all images by class and score, so that {@link averagePrecisions} is one walk for each draw of images. */
export function matchTable(images: readonly ImageMatches[]): MatchTable {
  const classes = new Map<Label, Rows>();
  for (const [image, { found, trueBoxes }] of images.entries()) {
    for (const { label, score, right } of found) {
      const rows = rowsOf(classes, label);
      rows.scores.push(score);
      rows.images.push(image);
      rows.right.push(right ? 1 : 0);
    }
    for (const [label, count] of trueBoxes) {
      const rows = rowsOf(classes, label);
      rows.trueImages.push(image);
      rows.trueCounts.push(count);
    }
  }
  return new Map([...classes].map(([label, rows]) => [label, surestFirst(rows)]));
}

function rowsOf(classes: Map<Label, Rows>, label: Label): Rows {
  const known = classes.get(label);
  if (known !== undefined) return known;
  const rows: Rows = { scores: [], images: [], right: [], trueImages: [], trueCounts: [] };
  classes.set(label, rows);
  return rows;
}

function surestFirst(rows: Rows): ClassMatches {
  const scores = Float64Array.from(rows.scores);
  const order = new Uint32Array(scores.length).map((_, row) => row).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0));
  return {
    scores: new Float64Array(order.length).map((_, rank) => scores[order[rank] ?? 0] ?? 0),
    images: order.map((row) => rows.images[row] ?? 0),
    right: new Uint8Array(order.length).map((_, rank) => rows.right[order[rank] ?? 0] ?? 0),
    trueImages: Uint32Array.from(rows.trueImages),
    trueCounts: Uint32Array.from(rows.trueCounts),
  };
}

/**
 * Average precision of each class, 0–1, that is found or really there in the images drawn: Σ ΔTP · precision over falling scores,
 * boxes of equal score taken together, by the number of true boxes. A class that was found but is nowhere has 0; a class that is
 * in neither has no entry.
 *
 * @param table matches of all images
 * @param draws how often each image was drawn, in the order that the table was made in; every image once if left out
 */
export function averagePrecisions(table: MatchTable, draws?: ArrayLike<number>): Map<Label, number> {
  const result = new Map<Label, number>();
  for (const [label, matches] of table) {
    const precision = averagePrecision(matches, draws);
    if (precision !== undefined) result.set(label, precision);
  }
  return result;
}

function averagePrecision(matches: ClassMatches, draws: ArrayLike<number> | undefined): number | undefined {
  const { scores, images, right } = matches;
  let [found, hits, newHits, sum] = [0, 0, 0, 0];
  for (let rank = 0; rank < scores.length; rank += 1) {
    const weight = weightOf(draws, images[rank]);
    found += weight;
    newHits += weight * (right[rank] ?? 0);
    if (newHits === 0 || scores[rank] === scores[rank + 1]) continue;
    hits += newHits;
    sum += (newHits * hits) / found;
    newHits = 0;
  }
  const truths = countTruths(matches, draws);
  if (truths > 0) return sum / truths;
  return found > 0 ? 0 : undefined;
}

function countTruths({ trueImages, trueCounts }: ClassMatches, draws: ArrayLike<number> | undefined): number {
  let sum = 0;
  for (let i = 0; i < trueImages.length; i += 1) sum += weightOf(draws, trueImages[i]) * (trueCounts[i] ?? 0);
  return sum;
}

function weightOf(draws: ArrayLike<number> | undefined, image: number | undefined): number {
  return draws === undefined ? 1 : (draws[image ?? -1] ?? 0);
}

/** Mean of {@link averagePrecisions} over the classes, 0–1; 0 when there is nothing to measure. */
export function meanAveragePrecision(table: MatchTable, draws?: ArrayLike<number>): number {
  const precisions = [...averagePrecisions(table, draws).values()];
  return precisions.length > 0 ? precisions.reduce((sum, precision) => sum + precision, 0) / precisions.length : 0;
}
