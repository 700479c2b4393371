import { z } from 'zod';
import type { Finding } from '../loop/finding.ts';
import type { Labelled } from '../loop/labels.ts';

const Id = z.union([z.number(), z.string()]);
const CocoImage = z.looseObject({
  id: Id,
  file_name: z.string().optional(),
  coco_url: z.string().optional(),
  absolute_url: z.string().optional(),
  group: z.string().exactOptional(),
});
/** A box is looked at by the checks, one by one, so that each wrong one is told. */
const CocoAnnotation = z.looseObject({
  id: Id.optional(),
  image_id: Id,
  category_id: Id,
  bbox: z.unknown().optional(),
});
const CocoCategory = z.looseObject({ id: Id, name: z.string().trim().min(1) });

/** A COCO file as it may be handed in: ids are numbers or texts of any kind, what is not read is passed over. */
export const CocoFileSchema = z.looseObject({
  images: z.array(CocoImage),
  annotations: z.array(CocoAnnotation),
  categories: z.array(CocoCategory),
});
export type CocoFile = z.infer<typeof CocoFileSchema>;
export type CocoImage = z.infer<typeof CocoImage>;
export type Id = z.infer<typeof Id>;

/** Annotations whose image and category are in the file. */
export interface NamedAnnotations {
  /** `where` is how findings name the annotation. */
  named: { annotation: z.infer<typeof CocoAnnotation>; className: string; where: string }[];
  findings: Finding[];
}

/** What each image shows, by its id in the file; an image without a usable label is not named. */
export interface FoundLabels {
  labels: Map<Id, Labelled>;
  findings: Finding[];
}
