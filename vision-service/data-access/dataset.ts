import { CONTRACT_QUOTAS } from '../../vision/capabilities.ts';
import { datasetFailure } from '../queue/failure.ts';
import { type LabelledImage, parseCoco } from './coco.ts';
import type { Credential } from './credentials.ts';
import { SourceError } from './errors.ts';
import { type AccessRules, readSource } from './source.ts';

const LIMITS = CONTRACT_QUOTAS['Generic-Classifier'];
const MAX_ANNOTATION_BYTES = 512 * 1024 * 1024;

/** A dataset as a task gets it: its name for messages, the URIs of its COCO files, and what signs the reading of http(s). */
export interface DatasetSource {
  name: string;
  uris: string[];
  credential?: Credential | undefined;
}

export type Purpose = 'training' | 'evaluation';

/** Classes in the order of the files, and the labelled images. */
export interface LabelledDataset {
  name: string;
  classes: string[];
  images: LabelledImage[];
  /** What signs the reading of its images. */
  credential?: Credential | undefined;
}

/** How the files of a dataset are read. */
interface Reading {
  access: AccessRules;
  signal?: AbortSignal | undefined;
}

/**
 * Reads and checks the COCO files of a classification dataset, all problems in one pass. Classes of several files are
 * one when their names are equal.
 *
 * @throws {TaskFailure} `datasetCorrupt` naming files, images and annotations; `datasetEmpty` for an evaluation without images
 */
export async function readDataset(source: DatasetSource, purpose: Purpose, reading: Reading): Promise<LabelledDataset> {
  const classes = new Set<string>();
  const images: LabelledImage[] = [];
  const problems: string[] = [];
  for (const uri of source.uris) {
    const content = await readCocoFile(uri, { ...reading, credential: source.credential });
    for (const name of content.classes) classes.add(name);
    for (const image of content.images) images.push(image);
    problems.push(...content.problems);
  }
  const dataset = { name: source.name, classes: [...classes], images, credential: source.credential };
  if (problems.length === 0) problems.push(...quotaProblems(dataset, purpose));
  if (problems.length > 0) throw datasetFailure('datasetCorrupt', source.name, problems);
  if (images.length === 0) throw datasetFailure('datasetEmpty', source.name, ['has no annotated image']);
  return dataset;
}

async function readCocoFile(uri: string, { access, ...reading }: Reading & { credential: Credential | undefined }) {
  try {
    const limits = { maxBytes: MAX_ANNOTATION_BYTES, ...reading };
    return parseCoco((await readSource(uri, access, limits)).toString('utf8'), uri);
  } catch (error) {
    if (error instanceof SourceError) return { classes: [], images: [], problems: [error.message] };
    throw error;
  }
}

/** Quotas of the published dataset checker. An evaluation may lack images of a class, as the published checker allows. */
function quotaProblems({ classes, images }: LabelledDataset, purpose: Purpose): string[] {
  const maxImages = purpose === 'training' ? LIMITS.maxTrainImages : LIMITS.maxEvaluationImages;
  const problems: string[] = [];
  if (images.length > maxImages) problems.push(`has ${images.length} images, more than ${maxImages}`);
  if (classes.length < LIMITS.minClasses || classes.length > LIMITS.maxClasses) {
    problems.push(
      `has ${classes.length} categories; there must be between ${LIMITS.minClasses} and ${LIMITS.maxClasses}`,
    );
  }
  return purpose === 'training' ? [...problems, ...scarceClasses(classes, images)] : problems;
}

function scarceClasses(classes: readonly string[], images: readonly LabelledImage[]): string[] {
  const counts = new Map(classes.map((name) => [name, 0]));
  for (const image of images) counts.set(image.className, (counts.get(image.className) ?? 0) + 1);
  const min = LIMITS.minTrainImagesPerClass;
  return [...counts]
    .filter(([, count]) => count < min)
    .map(([name, count]) => `category "${name}" has ${count} annotated images; a training needs at least ${min}`);
}
