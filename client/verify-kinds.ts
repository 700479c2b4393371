import { z } from 'zod';
import { AdmissionSchema } from '../collect/admission-file.ts';
import { BatchSchema } from '../collect/batch-file.ts';
import { PoolSchema } from '../collect/pool-file.ts';
import { CHECKSUMS_FILE } from '../data/checksums.ts';
import { CocoFileSchema } from '../data/coco-file.ts';
import { EvaluationSetSchema } from '../data/evaluation-set.ts';
import {
  DetectionsFileSchema,
  EvaluationFileSchema,
  FindingSchema,
  JournalEntrySchema,
  LoopFileSchema,
  LoopResultSchema,
  ModelFileSchema,
  ResampledFileSchema,
  RoundDrawSchema,
  RoundRecordSchema,
  SeedFileSchema,
  SubsetsFileSchema,
  TrainingFileSchema,
  VerdictsFileSchema,
} from '../loop/files.ts';
import { RecordedDecisionSchema } from '../loop/recorded-decision.ts';
import { LoopSpecSchema } from '../loop/spec.ts';
import { IMPORTED_FILE, ImportedSchema } from './imported-file.ts';

const IMAGE = '[0-9a-f]{64}\\.[a-z0-9]{1,8}';
const ROUND = 'rounds/[1-9]\\d*';
/** A round's folder, or that of a nested part of its images. */
const PLACE = `${ROUND}(?:/subset-\\d+)?`;

const JSON_FILES: [string, z.ZodType][] = [
  ['loop\\.json', LoopFileSchema],
  ['spec\\.json', LoopSpecSchema],
  ['pool\\.json', PoolSchema],
  ['evaluation/set\\.json', EvaluationSetSchema],
  [`(?:evaluation|${PLACE})/coco\\.json`, CocoFileSchema],
  [`(?:${ROUND}/(?:collect-)?)?findings\\.json`, z.array(FindingSchema)],
  [`${ROUND}/draw\\.json`, RoundDrawSchema],
  [`${PLACE}/model-\\d+\\.json`, ModelFileSchema],
  [`${PLACE}/training-\\d+\\.json`, TrainingFileSchema],
  [`${PLACE}/evaluation-\\d+\\.json`, EvaluationFileSchema],
  [`${PLACE}/verdicts-\\d+\\.json`, VerdictsFileSchema],
  [`${PLACE}/detections-\\d+\\.json`, DetectionsFileSchema],
  [`${PLACE}/resampled-\\d+\\.json`, ResampledFileSchema],
  [`${ROUND}/subsets\\.json`, SubsetsFileSchema],
  [`${ROUND}/decision\\.json`, RecordedDecisionSchema],
  [`${ROUND}/record\\.json`, RoundRecordSchema],
  ['batches/[0-9a-f]{64}\\.json', BatchSchema],
  ['admissions/[1-9]\\d*\\.json', AdmissionSchema],
  ['journal/\\d{4,}\\.json', JournalEntrySchema],
  ['seed\\.json', SeedFileSchema],
  ['outcome\\.json', LoopResultSchema],
  [IMPORTED_FILE.replace('.', '\\.'), ImportedSchema],
];

const OTHERS = [
  `(?:images|evaluation/images|inbox)/${IMAGE}`,
  `${PLACE}/predictions-\\d+\\.jsonl`,
  'report\\.html',
  CHECKSUMS_FILE,
];

const SCHEMAS = JSON_FILES.map(([pattern, schema]) => ({ pattern: whole(pattern), schema }));
const KNOWN = OTHERS.map(whole);

function whole(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`);
}

/** The schema of a JSON file of a loop's folder, by its path in it; undefined for files of no known name or of another kind. */
export function schemaOf(file: string): z.ZodType | undefined {
  return SCHEMAS.find(({ pattern }) => pattern.test(file))?.schema;
}

/** Whether deltaloop writes a file of that path. */
export function isKnown(file: string): boolean {
  return KNOWN.some((pattern) => pattern.test(file)) || schemaOf(file) !== undefined;
}

/** Whether a file is an image that the loop owns or was handed. */
export function isImage(file: string): boolean {
  return KNOWN[0]?.test(file) === true;
}
