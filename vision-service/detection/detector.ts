import type { Backbone } from '../backbones/backbone.ts';
import { type RgbPicture, resampleToSquare } from '../backbones/resample.ts';
import { type Blend, blended } from './blend.ts';
import { type Box, widened } from './boxes.ts';
import { type CropHead, cropScores } from './crop-head.ts';
import type { DetectionKernels } from './kernels.ts';
import type { PlaceHead } from './place-head.ts';
import type { PlaceMaps } from './places.ts';
import { type Proposal, propose } from './propose.ts';

/** Kinds of model that are detectors. */
export const DETECTOR_KINDS = ['Generic-Detector', 'Product-Recognizer'] as const;
export type DetectorKind = (typeof DETECTOR_KINDS)[number];

/** A trained detector: a place head proposes boxes, a crop head looks at each of them again, and both make the confidence. */
export interface TrainedDetector {
  kind: DetectorKind;
  /** Class names; labels are positions in this list. */
  classes: string[];
  /** The recipe that was chosen, in words. */
  recipe: string;
  places: PlaceHead;
  /** Boxes of a picture that get a second look. */
  most: number;
  /** Undefined for a detector of one stage. */
  crops: CropHead | undefined;
  blend: Blend;
}

/** What a detector needs of a picture. */
export interface Sight {
  maps(): Promise<PlaceMaps>;
  /** Feature vectors of the picture's content in those boxes, a little more included. */
  crops(boxes: readonly Box[]): Promise<Float32Array[]>;
}

/** A box with the confidence that it shows an object of each class, 0–1. */
export interface Detection {
  box: Box;
  confidences: Float32Array;
}

/** How sure a place head must be of a box for a second look. */
export const LEAST_OBJECT = 0.05;
/** Boxes of a picture that get a second look: these bounds, and between them so many times the most that a training picture had. */
const PROPOSALS = { least: 6, most: 200, times: 1.25 };

/** Boxes of a picture that get a second look, by the largest number of objects on a training picture. */
export function proposalLimit(objects: number): number {
  return Math.min(PROPOSALS.most, Math.max(PROPOSALS.least, Math.ceil(PROPOSALS.times * objects)));
}
/** What a crop shows of a box's surroundings, as a share of its sides. */
export const CROP_MARGIN = 0.08;

/** The objects in a picture, surest first. Ties keep the order of the proposals. */
export async function detect(detector: TrainedDetector, sight: Sight, kernels: DetectionKernels): Promise<Detection[]> {
  const { frame, ...maps } = await sight.maps();
  const picture = { rows: await kernels.placeRows({ frame, ...maps }), frame };
  const options = { head: detector.places, kernels, most: detector.most, least: LEAST_OBJECT };
  const proposals = await propose(picture, options);
  const scores = await secondLook(detector.crops, sight, proposals);
  return proposals
    .map((proposal, i) => ({ box: proposal.box, confidences: blended(detector.blend, proposal, scores[i]) }))
    .sort((a, b) => Math.max(...b.confidences) - Math.max(...a.confidences));
}

/** What the crop head says of each proposal: probabilities of the classes, the background last. */
async function secondLook(
  head: CropHead | undefined,
  sight: Sight,
  proposals: readonly Proposal[],
): Promise<Float32Array[]> {
  if (head === undefined || proposals.length === 0) return [];
  const features = await sight.crops(proposals.map(({ box }) => box));
  return features.map((feature) => cropScores(head, feature));
}

/** The square that a backbone embeds to look at a box again. */
export function cropSquare(picture: RgbPicture, box: Box, { cropSide }: Pick<Backbone, 'cropSide'>): Uint8Array {
  const { left, top, width, height } = widened(box, CROP_MARGIN);
  return resampleToSquare(picture, cropSide, {
    left: left * picture.width,
    top: top * picture.height,
    width: width * picture.width,
    height: height * picture.height,
  });
}
