import { shuffledIndexes } from '../training/random.ts';
import type { Box } from './boxes.ts';
import type { PlaceRows } from './kernels.ts';
import { type Frame, middleOf, placesInside } from './places.ts';

/** An annotated object: index of its class, and where it is. */
export interface Truth {
  label: number;
  box: Box;
}

/** Places of many pictures with what is true of them. Rows lie one after the other. */
export interface PlaceSamples {
  rows: Float32Array;
  features: number;
  /** Class at each place; −1: no object. */
  labels: number[];
  /** Logs of the distances to the left, top, right and bottom side, in places; four numbers a place. */
  sides: number[];
  /** Picture of each place. */
  pictures: number[];
}

/** An object's middle is where both distances to the middle are at most this share of its sides. */
const CORE = 0.2;
/** Of the places of a picture at most so many lie in boxes but not in a middle, and outside of all boxes. */
const INSIDE = 0.1;
const OUTSIDE = 0.375;

interface Choice {
  place: number;
  truth: Truth | undefined;
}

/**
 * The places of a picture to learn from: the middles of its objects, some of the rest of their boxes, and some of what lies
 * outside of all boxes.
 */
export function choosePlaces(
  { frame, truths }: { frame: Frame; truths: readonly Truth[] },
  { most, random }: { most: number; random: () => number },
): Choice[] {
  const places = placesInside(frame);
  const middles = new Map<number, Truth>();
  // Small objects last: a place in the middle of two belongs to the smaller one.
  for (const truth of truths.toSorted((a, b) => areaOf(b) - areaOf(a))) {
    for (const place of middlesOf(truth, frame, places)) middles.set(place, truth);
  }
  const rest = places.filter((place) => !middles.has(place));
  const inBox = new Set(rest.filter((place) => truths.some(({ box }) => contains(box, pointOf(place, frame)))));
  const inside = some([...inBox], Math.floor(most * INSIDE), random);
  const outside = some(
    rest.filter((place) => !inBox.has(place)),
    Math.floor(most * OUTSIDE),
    random,
  );
  const middle = some([...middles.keys()], most - inside.length - outside.length, random);
  return [...middle, ...inside, ...outside].map((place) => ({ place, truth: middles.get(place) }));
}

/** Adds the rows of the chosen places and what is true of them. */
export function addPlaces(
  samples: PlaceSamples,
  picture: { index: number; rows: PlaceRows; frame: Frame },
  choices: readonly Choice[],
): void {
  const { features } = samples;
  for (const { place, truth } of choices) {
    const row = picture.rows.data.subarray(place * features, (place + 1) * features);
    samples.rows.set(row, samples.labels.length * features);
    samples.labels.push(truth?.label ?? -1);
    samples.pictures.push(picture.index);
    samples.sides.push(...(truth === undefined ? [0, 0, 0, 0] : sidesOf(truth.box, place, picture.frame)));
  }
}

/** Logs of the distances from a place's middle to the sides of a box, in places; at least a quarter of a place. */
function sidesOf(box: Box, place: number, { wide, high }: Frame): number[] {
  const { x, y } = middleOf(place);
  const distances = [
    x - box.left * wide,
    y - box.top * high,
    (box.left + box.width) * wide - x,
    (box.top + box.height) * high - y,
  ];
  return distances.map((distance) => Math.log(Math.max(distance, 0.25)));
}

function middlesOf({ box }: Truth, frame: Frame, places: readonly number[]): number[] {
  const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
  const offsets = places.map((place) => {
    const point = pointOf(place, frame);
    return { place, across: Math.abs(point.x - x) / box.width, down: Math.abs(point.y - y) / box.height };
  });
  const core = offsets.filter(({ across, down }) => across <= CORE && down <= CORE);
  if (core.length > 0) return core.map(({ place }) => place);
  const [nearest] = offsets.toSorted((a, b) => a.across + a.down - (b.across + b.down));
  return nearest === undefined ? [] : [nearest.place];
}

/** A place's middle as shares of the picture's sides. */
function pointOf(place: number, { wide, high }: Frame): { x: number; y: number } {
  const { x, y } = middleOf(place);
  return { x: x / wide, y: y / high };
}

function contains(box: Box, { x, y }: { x: number; y: number }): boolean {
  return x >= box.left && x <= box.left + box.width && y >= box.top && y <= box.top + box.height;
}

function areaOf({ box }: Truth): number {
  return box.width * box.height;
}

function some(places: readonly number[], most: number, random: () => number): number[] {
  if (places.length <= most) return [...places];
  return [...shuffledIndexes(places.length, random).subarray(0, most)].flatMap((i) => places[i] ?? []);
}
