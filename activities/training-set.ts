import { toCoco } from '../data/coco.ts';
import { sha256Of } from '../data/hash.ts';
import { modelKindOf } from '../loop/model-kind.ts';
import type { StoredImage } from '../loop/round.ts';
import { minimumHours, suggestedHours } from '../vision/capabilities.ts';
import { type LoopFiles, type TrainingPlace, trainingFile } from './loop-files.ts';
import type { ImageSet } from './types.ts';

const NAME_HASH_LENGTH = 12;

/** Writes images as the COCO file of a round, or of a nested part of one, once. @throws FolderConflictError, DiskFullError. */
export async function writeSet(
  { folder, spec, instanceId }: LoopFiles,
  set: { images: readonly StoredImage[]; classes: readonly string[]; place: TrainingPlace },
): Promise<ImageSet> {
  const { images, classes, place } = set;
  const kind = modelKindOf(spec);
  const coco = toCoco({ images, classes, imagesDir: folder.resolve('images') });
  const file = await folder.writeJsonOnce(trainingFile(place, 'coco'), coco);
  return {
    file,
    nameHash: nameHash(instanceId, file.sha256, kind),
    images: images.length,
    minimumHours: minimumHours(kind, { images: images.length }),
    suggestedHours: suggestedHours(kind, { images: images.length }),
  };
}

/** What keeps names apart: rules, “Names are the idempotency keys”. 12 hex digits. */
function nameHash(instanceId: string, manifestSha256: string, modelKind: string): string {
  return sha256Of([instanceId, manifestSha256, modelKind].join('\n')).slice(0, NAME_HASH_LENGTH);
}
