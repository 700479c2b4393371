import type { ANNOTATION_KINDS } from '../../vision/contract.ts';
import type { Box } from '../detection/boxes.ts';
import { boxOf } from './coco-boxes.ts';
import { entriesOf, type Identified, isEntry, numberOf, Problems, shown, textOf } from './coco-entries.ts';
import { shownUri } from './errors.ts';

export type AnnotationKind = (typeof ANNOTATION_KINDS)[number];

/** What an annotation says of an image. `box` is there in datasets of boxes only. */
export interface Mark {
  className: string;
  box?: Box;
}

/** An image of a dataset with its annotations. */
export interface CocoImage {
  uri: string;
  /** `image 7 (cat-7.png) of coco.json`. */
  where: string;
  /** Images of one group show the same thing and stay on one side of any split. */
  group: string | undefined;
  /** Sides in pixels that the entry declares. */
  declared: { width: number; height: number };
  marks: Mark[];
}

/** What a COCO file says, in its order, and everything that is wrong with it. Categories of one name count as one. */
export interface CocoContent {
  classes: string[];
  images: CocoImage[];
  problems: string[];
}

/** What a file has to be like. */
export interface CocoRules {
  uri: string;
  kind: AnnotationKind;
  /** Sides of an image in pixels. */
  side: { min: number; max: number };
}

/**
 * Reads one COCO file (the published format of the contract's datasets) and names every defect that the published checker finds,
 * and those that it misses: a second tag of an image, and boxes in pixels.
 */
export function parseCoco(text: string, rules: CocoRules): CocoContent {
  const file = fileName(rules.uri);
  const json = parseJson(text);
  if (!isEntry(json)) {
    const defect = json === undefined ? 'is not JSON' : 'is no JSON object with images, annotations and categories';
    return { classes: [], images: [], problems: [`${file} ${defect}`] };
  }
  const problems = new Problems(file);
  const names = readCategories(entriesOf(json, 'categories', problems), problems);
  const images = readImages(entriesOf(json, 'images', problems), { ...rules, file, problems });
  addMarks(entriesOf(json, 'annotations', problems), { images, names, kind: rules.kind, problems });
  return { classes: [...new Set(names.values())], images: [...images.values()], problems: problems.all() };
}

function readCategories(categories: readonly Identified[], problems: Problems): Map<number, string> {
  const names = new Map<number, string>();
  for (const { id, name: what, entry } of categories) {
    const name = textOf(entry['name']);
    if (name === undefined) problems.add(what, 'has no name');
    names.set(id, name ?? what);
  }
  return names;
}

function readImages(
  images: readonly Identified[],
  rules: CocoRules & { file: string; problems: Problems },
): Map<number, CocoImage> {
  const read = new Map<number, CocoImage>();
  for (const { id, name, entry } of images) {
    const fileOfImage = textOf(entry['file_name']);
    const what = fileOfImage === undefined ? name : `${name} (${fileOfImage})`;
    if (fileOfImage === undefined) rules.problems.add(name, 'has no file_name');
    const [width, height] = (['width', 'height'] as const).map((side) => sideOf(entry[side], { what, side, rules }));
    const uri = addressOf(entry, { what, rules });
    read.set(id, {
      uri: uri ?? '',
      where: `${what} of ${rules.file}`,
      group: textOf(entry['group']),
      declared: { width: width ?? Number.NaN, height: height ?? Number.NaN },
      marks: [],
    });
  }
  return read;
}

function sideOf(
  value: unknown,
  { what, side, rules }: { what: string; side: 'width' | 'height'; rules: CocoRules & { problems: Problems } },
): number | undefined {
  const pixels = numberOf(value);
  const { min, max } = rules.side;
  if (pixels === undefined) rules.problems.add(what, `has no ${side} in pixels`);
  else if (pixels < min || pixels > max) {
    rules.problems.add(what, `has the ${side} ${pixels}; it must be between ${min} and ${max} pixels`);
  }
  return pixels;
}

/** `absolute_url` is preferred; a relative address counts from the file's own. */
function addressOf(
  entry: Identified['entry'],
  { what, rules }: { what: string; rules: CocoRules & { problems: Problems } },
): string | undefined {
  const address = textOf(entry['absolute_url']) ?? textOf(entry['coco_url']);
  if (address === undefined) {
    rules.problems.add(what, 'has neither absolute_url nor coco_url');
    return undefined;
  }
  const url = URL.parse(address, rules.uri);
  if (url === null) rules.problems.add(what, 'has an address that is no URL');
  return url?.href;
}

function addMarks(
  annotations: readonly Identified[],
  known: { images: Map<number, CocoImage>; names: Map<number, string>; kind: AnnotationKind; problems: Problems },
): void {
  for (const { name, entry } of annotations) {
    const image = referred(entry, 'image_id', { what: name, among: known.images, problems: known.problems });
    const className = referred(entry, 'category_id', { what: name, among: known.names, problems: known.problems });
    const box = known.kind === 'imageObjectDetection' ? boxOf(entry['bbox'], usable(image)) : undefined;
    if (typeof box === 'string') known.problems.add(name, box);
    else if (image !== undefined && className !== undefined) {
      if (box === undefined) requireOneTag(image, className, { what: name, problems: known.problems });
      image.marks.push(box === undefined ? { className } : { className, box });
    }
  }
}

function usable(image: CocoImage | undefined) {
  return image !== undefined && image.declared.width > 0 && image.declared.height > 0 ? image.declared : undefined;
}

function referred<T>(
  entry: Identified['entry'],
  key: 'image_id' | 'category_id',
  { what, among, problems }: { what: string; among: ReadonlyMap<number, T>; problems: Problems },
): T | undefined {
  const id = entry[key];
  const found = typeof id === 'number' ? among.get(id) : undefined;
  if (id === undefined || id === null) problems.add(what, `has no ${key}`);
  else if (found === undefined) problems.add(what, `has the ${key} ${shown(id)}, which is not there`);
  return found;
}

function requireOneTag(image: CocoImage, className: string, { what, problems }: { what: string; problems: Problems }) {
  const other = image.marks.find((mark) => mark.className !== className);
  if (other === undefined) return;
  problems.add(what, `gives ${image.where} a second category; a classifier takes one per image`);
}

/** A byte order mark is no part of the JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text);
  } catch {
    return undefined;
  }
}

function fileName(uri: string): string {
  return shownUri(uri).split('/').at(-1) || shownUri(uri);
}
