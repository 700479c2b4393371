import { dirname, isAbsolute } from 'node:path';
import type { Finding } from '../loop/finding.ts';
import { classesOf, type Labelled } from '../loop/labels.ts';
import { shapeProblem } from '../loop/shape.ts';
import { className, unknownClass } from './class-names.ts';
import { outsideFolder, pathOf, pathsOutside } from './coco-address.ts';
import { boxesOf } from './coco-boxes.ts';
import {
  type CocoFile,
  CocoFileSchema,
  type CocoImage,
  type FoundLabels,
  type Id,
  type NamedAnnotations,
} from './coco-file.ts';
import { SourceUnreadableError } from './errors.ts';
import { compareText } from './json.ts';
import type { ListedImage, Listing, ListingOptions } from './listed-image.ts';
import { emptyClass, leftOutClass } from './listing-findings.ts';
import { readBounded } from './read-bounded.ts';
import { groupOf } from './stored-image.ts';

/** A hundred thousand images with a million boxes are a quarter of this. */
const MAX_COCO_BYTES = 400_000_000;

/** Lists the images of a COCO file: for classification with one label each, for detection with their boxes; see `readListing`. */
export async function listCoco(source: string, options: ListingOptions): Promise<Listing> {
  const folder = dirname(source);
  const coco = CocoFileSchema.safeParse(await readJsonFile(source));
  if (!coco.success) return { classes: [], items: [], findings: coco.error.issues.map((issue) => invalid(issue)) };
  const names = new Map(coco.data.categories.map((category) => [category.id, className(category.name)]));
  const wanted = options.classes?.map(className);
  const classes = wanted ?? [...new Set(names.values())].sort(compareText);
  const known = namedAnnotations(coco.data, names);
  const found =
    options.task === 'detection' ? boxesOf(coco.data.images, known, classes) : labels(coco.data.images, known);
  const findings = [...duplicateIds(coco.data), ...known.findings, ...found.findings];
  for (const name of new Set(names.values())) {
    if (!classes.includes(name)) findings.push(extraCategory(name, { ...options, classes }));
  }
  const placed = coco.data.images.flatMap((image) => {
    const label = found.labels.get(image.id);
    if (label === undefined || (label.className !== undefined && !classes.includes(label.className))) return [];
    const path = pathOf(image, folder);
    if (path === undefined) findings.push(noAddress(image));
    return path === undefined ? [] : [listed({ image, path, label })];
  });
  const outside = await pathsOutside(
    placed.map(({ path }) => path),
    folder,
  );
  const items = placed.filter(({ path }) => !outside.has(path));
  findings.push(...placed.flatMap(({ path, name }) => (outside.has(path) ? [outsideFolder(name, folder)] : [])));
  if (options.emptyClasses !== 'allow') findings.push(...emptyClasses(classes, items));
  return { classes, items: items.sort((a, b) => compareText(a.path, b.path)), findings };
}

async function readJsonFile(source: string): Promise<unknown> {
  const text = await readBounded(source, MAX_COCO_BYTES);
  try {
    const value: unknown = JSON.parse(text);
    const problem = shapeProblem(value);
    if (problem !== undefined) throw new SourceUnreadableError(source, problem);
    return value;
  } catch (error) {
    if (error instanceof SourceUnreadableError) throw error;
    throw new SourceUnreadableError(source, 'is not JSON', { cause: error });
  }
}

/** The annotations whose image and category are there, each with its class. */
function namedAnnotations(coco: CocoFile, names: ReadonlyMap<Id, string>): NamedAnnotations {
  const images = new Set(coco.images.map(({ id }) => id));
  const known: NamedAnnotations = { named: [], findings: [] };
  coco.annotations.forEach((annotation, at) => {
    const name = names.get(annotation.category_id);
    const where = `annotations[${at}]`;
    const hasImage = images.has(annotation.image_id);
    if (!hasImage) known.findings.push(unknownId(where, 'image_id', annotation.image_id));
    if (name === undefined) known.findings.push(unknownId(where, 'category_id', annotation.category_id));
    if (hasImage && name !== undefined) known.named.push({ annotation, className: name, where });
  });
  return known;
}

function labels(images: readonly CocoImage[], { named }: NamedAnnotations): FoundLabels {
  const classes = Map.groupBy(named, ({ annotation }) => annotation.image_id);
  const found: FoundLabels = { labels: new Map(), findings: [] };
  for (const image of images) {
    const [name, ...others] = new Set((classes.get(image.id) ?? []).map((each) => each.className));
    if (name !== undefined && others.length === 0) found.labels.set(image.id, { className: name });
    else found.findings.push(labelCount(image, name === undefined ? [] : [name, ...others]));
  }
  return found;
}

function listed(entry: { image: CocoImage; path: string; label: Labelled }): ListedImage {
  const { image, path, label } = entry;
  const given = image.file_name;
  const name = given !== undefined && given !== '' && !isAbsolute(given) ? given : path;
  return { path, name, ...label, ...groupOf(image) };
}

function emptyClasses(classes: readonly string[], items: readonly ListedImage[]): Finding[] {
  const seen = new Set(items.flatMap(classesOf));
  return classes.filter((name) => !seen.has(name)).map((name) => emptyClass(name, 'its category'));
}

function extraCategory(name: string, options: ListingOptions & { classes: string[] }): Finding {
  return options.extraClasses === 'leave-out'
    ? leftOutClass('categories', name, options.task)
    : unknownClass('categories', name, options.classes);
}

function duplicateIds(coco: CocoFile): Finding[] {
  return (['images', 'annotations', 'categories'] as const).flatMap((part) => {
    const seen = new Set<Id>();
    return coco[part].flatMap(({ id }, at) => {
      const again = id !== undefined && seen.has(id);
      if (id !== undefined) seen.add(id);
      return again ? [duplicateId(`${part}[${at}]`, id)] : [];
    });
  });
}

function duplicateId(where: string, id: Id): Finding {
  const message = `the id ${id} is used twice`;
  return { severity: 'error', code: 'coco-id-duplicate', where, message, fix: 'Give every entry an id of its own.' };
}

function labelCount(image: CocoImage, names: string[]): Finding {
  const where = image.file_name ?? `image ${image.id}`;
  if (names.length === 0) {
    const fix = 'Annotate it with its class, or take it out.';
    return { severity: 'error', code: 'label-missing', where, message: 'the image has no annotation', fix };
  }
  const message = `the image has ${names.length} classes (${names.join(', ')}); classification takes one label an image`;
  const fix =
    'Keep the annotation that fits best, or take the image out. To find several things in an image, set `task: detection`.';
  return { severity: 'error', code: 'label-multiple', where, message, fix };
}

function noAddress(image: CocoImage): Finding {
  return {
    severity: 'error',
    code: 'image-address',
    where: image.file_name ?? `image ${image.id}`,
    message: 'the image has neither a file name nor a `file:` address that can be used',
    fix: 'Give its `file_name`, relative to the COCO file; download it first if it is elsewhere.',
  };
}

function unknownId(where: string, field: string, id: Id): Finding {
  const message = `the ${field} ${id} names no entry of this file`;
  return {
    severity: 'error',
    code: 'coco-id-unknown',
    where,
    message,
    fix: 'Correct the id, or remove the annotation.',
  };
}

function invalid(issue: { path: PropertyKey[]; message: string }): Finding {
  return {
    severity: 'error',
    code: 'coco-invalid',
    where: issue.path.map(String).join('.') || 'the file',
    message: `the COCO file does not fit its format: ${issue.message}`,
    fix: 'Export it again as COCO JSON with images, annotations and categories.',
  };
}
