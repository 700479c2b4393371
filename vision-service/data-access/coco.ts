import { z } from 'zod';
import { shownUri } from './errors.ts';

/** An image of a dataset: where it is, its class, and a name for messages. */
export interface LabelledImage {
  uri: string;
  className: string;
  /** Images of one group show the same thing and stay on one side of any split. */
  group?: string | undefined;
  /** `image 7 (cat-7.png) of coco.json`. */
  where: string;
}

/** What a classification dataset's files say, in their order, and everything that is wrong with them. */
export interface CocoContent {
  classes: string[];
  images: LabelledImage[];
  problems: string[];
}

const id = z.int();
const CocoSchema = z.looseObject({
  images: z.array(
    z.looseObject({
      id,
      file_name: z.string().optional(),
      absolute_url: z.string().optional(),
      coco_url: z.string().optional(),
      group: z.string().optional(),
    }),
  ),
  annotations: z.array(z.looseObject({ id, image_id: id, category_id: id })),
  categories: z.array(z.looseObject({ id, name: z.string().min(1) })),
});
type Coco = z.infer<typeof CocoSchema>;

/**
 * Reads one COCO file of a classification dataset (published COCO format). Images without an annotation are left out,
 * as the published checker lets them pass; every other defect is a problem that names the image or annotation.
 */
export function parseCoco(text: string, uri: string): CocoContent {
  const file = fileName(uri);
  const json = parseJson(text);
  if (json === undefined) return { classes: [], images: [], problems: [`${file} is not JSON`] };
  const parsed = CocoSchema.safeParse(json);
  if (!parsed.success) return { classes: [], images: [], problems: schemaProblems(parsed.error, file) };
  return readCoco(parsed.data, uri, file);
}

function readCoco(coco: Coco, uri: string, file: string): CocoContent {
  const problems = [
    ...idProblems(coco.images, 'image', file),
    ...idProblems(coco.annotations, 'annotation', file),
    ...idProblems(coco.categories, 'category', file),
    ...referenceProblems(coco, file),
  ];
  const names = new Map(coco.categories.map((category) => [category.id, category.name]));
  const categoryOf = new Map(coco.annotations.map((annotation) => [annotation.image_id, annotation.category_id]));
  const images: LabelledImage[] = [];
  for (const image of coco.images) {
    const where = `image ${image.id}${image.file_name === undefined ? '' : ` (${image.file_name})`} of ${file}`;
    const url = URL.parse(image.absolute_url ?? image.coco_url ?? '', uri);
    if (url === null || (image.absolute_url ?? image.coco_url) === undefined) {
      problems.push(`${where} has neither absolute_url nor coco_url`);
      continue;
    }
    const className = names.get(categoryOf.get(image.id) ?? Number.NaN);
    if (className !== undefined) images.push({ uri: url.href, className, group: image.group, where });
  }
  return { classes: [...new Set(names.values())], images, problems };
}

function idProblems(items: readonly { id: number }[], what: string, file: string): string[] {
  const seen = new Set<number>();
  const problems: string[] = [];
  for (const item of items) {
    if (seen.has(item.id)) problems.push(`${what} id ${item.id} of ${file} occurs twice`);
    if (item.id < 1 || item.id > items.length) {
      problems.push(
        `${what} id ${item.id} of ${file} is not between 1 and the number of such entries, ${items.length}`,
      );
    }
    seen.add(item.id);
  }
  return problems;
}

function referenceProblems(coco: Coco, file: string): string[] {
  const images = new Set(coco.images.map((image) => image.id));
  const categories = new Set(coco.categories.map((category) => category.id));
  const labelled = new Map<number, number>();
  const problems: string[] = [];
  for (const { id, image_id: image, category_id: category } of coco.annotations) {
    const where = `annotation ${id} of ${file}`;
    if (!images.has(image)) problems.push(`${where} names image ${image}, which is not there`);
    if (!categories.has(category)) problems.push(`${where} names category ${category}, which is not there`);
    const other = labelled.get(image);
    if (other !== undefined && other !== category) {
      problems.push(`${where} gives image ${image} a second category; a classifier takes one per image`);
    }
    labelled.set(image, category);
  }
  return problems;
}

function schemaProblems(error: z.ZodError, file: string): string[] {
  return error.issues.map((issue) => `${file}: ${issue.path.join('.') || 'the file'}: ${issue.message}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fileName(uri: string): string {
  return shownUri(uri).split('/').at(-1) || shownUri(uri);
}
