import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Finding } from '../loop/finding.ts';
import { className, unknownClass } from './class-names.ts';
import { SourceUnreadableError, systemCode } from './errors.ts';
import { compareText } from './json.ts';
import type { ListedImage, Listing, ListingOptions } from './listed-image.ts';
import { emptyClass, leftOutClass } from './listing-findings.ts';
import { groupOf } from './stored-image.ts';

const Id = z.union([z.number(), z.string()]);
const CocoImage = z.looseObject({
  id: Id,
  file_name: z.string().optional(),
  coco_url: z.string().optional(),
  absolute_url: z.string().optional(),
  group: z.string().exactOptional(),
});
const CocoAnnotation = z.looseObject({ id: Id.optional(), image_id: Id, category_id: Id });
const CocoCategory = z.looseObject({ id: Id, name: z.string().trim().min(1) });
const CocoFile = z.looseObject({
  images: z.array(CocoImage),
  annotations: z.array(CocoAnnotation),
  categories: z.array(CocoCategory),
});
type CocoImage = z.infer<typeof CocoImage>;
type CocoFile = z.infer<typeof CocoFile>;
type Id = z.infer<typeof Id>;

/** Lists the images of a COCO file for classification, one label an image; see `readListing`. */
export async function listCoco(source: string, options: ListingOptions): Promise<Listing> {
  const coco = CocoFile.safeParse(await readJsonFile(source));
  if (!coco.success) return { classes: [], items: [], findings: coco.error.issues.map((issue) => invalid(issue)) };
  const names = new Map(coco.data.categories.map((category) => [category.id, className(category.name)]));
  const found = labels(coco.data, names);
  const findings = [...duplicateIds(coco.data), ...found.findings];
  const wanted = options.classes?.map(className);
  const classes = wanted ?? [...new Set(names.values())].sort(compareText);
  for (const name of new Set(names.values())) {
    if (!classes.includes(name)) findings.push(extraCategory(name, { ...options, classes }));
  }
  const items = coco.data.images.flatMap((image) => {
    const label = found.labels.get(image.id);
    if (label === undefined || !classes.includes(label)) return [];
    const path = pathOf(image, dirname(source));
    if (path === undefined) findings.push(noAddress(image));
    return path === undefined ? [] : [listed({ image, path, label })];
  });
  if (options.emptyClasses !== 'allow') findings.push(...emptyClasses(classes, items));
  return { classes, items: items.sort((a, b) => compareText(a.path, b.path)), findings };
}

async function readJsonFile(source: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(source, 'utf8');
  } catch (error) {
    throw new SourceUnreadableError(source, `cannot be read (${systemCode(error)})`, { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SourceUnreadableError(source, 'is not JSON', { cause: error });
  }
}

function labels(coco: CocoFile, names: ReadonlyMap<Id, string>): { labels: Map<Id, string>; findings: Finding[] } {
  const images = new Map(coco.images.map((image) => [image.id, new Set<string>()]));
  const findings: Finding[] = [];
  coco.annotations.forEach((annotation, at) => {
    const name = names.get(annotation.category_id);
    const image = images.get(annotation.image_id);
    const where = `annotations[${at}]`;
    if (image === undefined) findings.push(unknownId(where, 'image_id', annotation.image_id));
    if (name === undefined) findings.push(unknownId(where, 'category_id', annotation.category_id));
    if (image !== undefined && name !== undefined) image.add(name);
  });
  const single = new Map<Id, string>();
  for (const image of coco.images) {
    const [name, ...others] = images.get(image.id) ?? [];
    if (name !== undefined && others.length === 0) single.set(image.id, name);
    else findings.push(labelCount(image, [...(images.get(image.id) ?? [])]));
  }
  return { labels: single, findings };
}

/** Local files only: a `file:` address, else the file name, relative to the COCO file or absolute. */
function pathOf(image: CocoImage, folder: string): string | undefined {
  const url = [image.absolute_url, image.coco_url].find((each) => each?.startsWith('file:'));
  try {
    if (url !== undefined) return fileURLToPath(url);
  } catch {
    return undefined;
  }
  return image.file_name ? resolve(folder, image.file_name) : undefined;
}

function listed(entry: { image: CocoImage; path: string; label: string }): ListedImage {
  const { image, path, label } = entry;
  const given = image.file_name;
  const name = given !== undefined && given !== '' && !isAbsolute(given) ? given : path;
  return { path, name, className: label, ...groupOf(image) };
}

function emptyClasses(classes: readonly string[], items: readonly ListedImage[]): Finding[] {
  const seen = new Set(items.map((item) => item.className));
  return classes.filter((name) => !seen.has(name)).map((name) => emptyClass(name, 'its category'));
}

function extraCategory(name: string, options: ListingOptions & { classes: string[] }): Finding {
  return options.extraClasses === 'leave-out'
    ? leftOutClass('categories', name)
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
  const fix = 'Keep the annotation that fits best, or take the image out.';
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
