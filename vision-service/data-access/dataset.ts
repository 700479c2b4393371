import { CONTRACT_QUOTAS } from '../../vision/capabilities.ts';
import type { ModelKind } from '../../vision/contract.ts';
import type { Box } from '../detection/boxes.ts';
import { datasetFailure } from '../queue/failure.ts';
import { type AnnotationKind, type CocoContent, type CocoImage, type CocoRules, parseCoco } from './coco.ts';
import type { Credential } from './credentials.ts';
import { type Purpose, quotaProblems } from './dataset-quotas.ts';
import { SourceError } from './errors.ts';
import { type AccessRules, readSource } from './source.ts';

export type { Purpose };

/** Just below what Node can hold as one text. */
const MAX_ANNOTATION_BYTES = 500 * 1024 * 1024;

/** A dataset as a task gets it: its name for messages, the URIs of its COCO files, and what signs the reading of http(s). */
export interface DatasetSource {
  name: string;
  annotationKind: AnnotationKind;
  uris: string[];
  credential?: Credential | undefined;
}

/** An image of a dataset: where it is, what its entry says of its size, and a name for messages. */
export type DatasetImage = Omit<CocoImage, 'marks'>;

/** An image with its one class. */
export interface LabelledImage extends DatasetImage {
  className: string;
}

/** An image with its annotated objects; none: the image shows background only. */
export interface BoxedImage extends DatasetImage {
  objects: { className: string; box: Box }[];
}

/** Classes in the order of the files, and the images. */
export interface Dataset<Image extends DatasetImage> {
  name: string;
  classes: string[];
  images: Image[];
  /** What signs the reading of its images. */
  credential?: Credential | undefined;
}
export type LabelledDataset = Dataset<LabelledImage>;
export type BoxedDataset = Dataset<BoxedImage>;

/** How the files of a dataset are read. */
interface Reading {
  access: AccessRules;
  signal?: AbortSignal | undefined;
}

/**
 * Reads and checks the COCO files of a classification dataset, all problems in one pass. Classes of several files are one when
 * their names are equal. Images without an annotation are left out, as the published checker lets them pass.
 *
 * @throws {TaskFailure} `datasetCorrupt` naming files, images and annotations; `datasetEmpty` for an evaluation without images
 */
export async function readDataset(source: DatasetSource, purpose: Purpose, reading: Reading): Promise<LabelledDataset> {
  const { classes, images } = await readContent(source, { kind: 'Generic-Classifier', purpose }, reading);
  const labelled = images.flatMap(({ marks, ...image }) => {
    const [mark] = marks;
    return mark === undefined ? [] : [{ ...image, className: mark.className }];
  });
  return { name: source.name, classes, images: labelled, credential: source.credential };
}

/**
 * Reads and checks the COCO files of a dataset of boxes in the same way. Images without an annotation stay: they show what is no
 * object.
 *
 * @throws {TaskFailure} as `readDataset`
 */
export async function readBoxes(
  source: DatasetSource,
  wanted: { kind: ModelKind; purpose: Purpose },
  reading: Reading,
): Promise<BoxedDataset> {
  const { classes, images } = await readContent(source, wanted, reading);
  const boxed = images.map(({ marks, ...image }) => {
    const objects = marks.flatMap(({ className, box }) => (box === undefined ? [] : [{ className, box }]));
    return { ...image, objects };
  });
  return { name: source.name, classes, images: boxed, credential: source.credential };
}

async function readContent(
  source: DatasetSource,
  { kind, purpose }: { kind: ModelKind; purpose: Purpose },
  reading: Reading,
): Promise<Pick<CocoContent, 'classes' | 'images'>> {
  const quotas = CONTRACT_QUOTAS[kind];
  const rules = {
    kind: kind === 'Generic-Classifier' ? 'imageClassification' : 'imageObjectDetection',
    side: purpose === 'training' ? quotas.trainSide : quotas.evaluationSide,
  } as const;
  const classes = new Set<string>();
  const images: CocoImage[] = [];
  const problems: string[] = [];
  for (const uri of source.uris) {
    const content = await readCocoFile({ uri, ...rules }, { ...reading, credential: source.credential });
    for (const name of content.classes) classes.add(name);
    for (const image of content.images) images.push(image);
    for (const problem of content.problems) problems.push(problem);
  }
  const content = { classes: [...classes], images };
  if (problems.length === 0) problems.push(...quotaProblems(content, { quotas, purpose }));
  if (problems.length > 0) throw datasetFailure('datasetCorrupt', source.name, problems);
  if (images.every(({ marks }) => marks.length === 0)) {
    throw datasetFailure('datasetEmpty', source.name, ['has no annotated image']);
  }
  return content;
}

async function readCocoFile(
  rules: CocoRules,
  { access, ...reading }: Reading & { credential: Credential | undefined },
): Promise<CocoContent> {
  try {
    const limits = { maxBytes: MAX_ANNOTATION_BYTES, ...reading };
    return parseCoco((await readSource(rules.uri, access, limits)).toString('utf8'), rules);
  } catch (error) {
    if (error instanceof SourceError) return { classes: [], images: [], problems: [error.message] };
    throw error;
  }
}
