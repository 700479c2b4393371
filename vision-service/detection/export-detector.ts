import type { ModelPerformance } from '../../loop/metrics.ts';
import { encodeGraph, type GraphDefinition } from '../heads/onnx-graph.ts';
import { type ClassifierExport, type ExportedFile, exportClassifier } from '../training/export-classifier.ts';
import { CROP_MARGIN, LEAST_OBJECT, type TrainedDetector } from './detector.ts';
import { HEAD_PARTS, PLACE_HEAD, PLACE_ROWS } from './graphs.ts';
import { type PlaceHead, partShapes } from './place-head.ts';
import { PLACE_STRIDE, PLACES, SQUARE_SIDE } from './places.ts';
import { PROPOSAL_OVERLAP } from './propose.ts';

/** What an exported detector is made of. */
export interface DetectorExport {
  detector: TrainedDetector;
  /** What was measured when the model was trained, if anything was. */
  performance: ModelPerformance | undefined;
  /** With the side in pixels of the square that a kept box is stretched to. */
  backbone: ClassifierExport['backbone'] & { cropSide: number };
}

/**
 * A detector as files that need no deltaloop: `places.onnx` (feature maps of a square to object, classes and sides of each place),
 * `crops.onnx` (features of a crop to probabilities, the background last; absent for a detector of one stage), `labels.json`,
 * `metrics.json` (absent when nothing was measured), and `model.json`, which says how they work together.
 */
export function exportDetector({ detector, performance, backbone }: DetectorExport): ExportedFile[] {
  const { crops, classes, recipe } = detector;
  const head =
    crops &&
    exportClassifier({
      classifier: {
        classes: [...classes, 'background'],
        recipe,
        search: { tried: 0, ended: 'nothing improved', skipped: [] },
        transform: crops.transform,
        head: crops.head,
        temperature: 1,
      },
      performance: undefined,
      backbone,
    }).find(({ name }) => name === 'head.onnx');
  return [
    { name: 'places.onnx', bytes: encodeGraph(placesGraph(detector.places)) },
    ...(head === undefined ? [] : [{ name: 'crops.onnx', bytes: head.bytes }]),
    jsonFile('labels.json', classes),
    ...(performance === undefined ? [] : [jsonFile('metrics.json', performance)]),
    jsonFile('model.json', instructions(detector, backbone)),
  ];
}

function jsonFile(name: string, value: unknown): ExportedFile {
  return { name, bytes: Buffer.from(`${JSON.stringify(value, null, 2)}\n`) };
}

/** The rows of the places and the head in one graph, with the numbers inside. */
function placesGraph({ size, numbers }: PlaceHead): GraphDefinition {
  const shapes = partShapes(size);
  const parts = HEAD_PARTS.map((part) => {
    const [rows, columns] = shapes[part];
    return [part, { shape: part.startsWith('b') ? [columns] : [rows, columns], data: numbers[part] }] as const;
  });
  return {
    name: 'deltaloop-detector-places',
    inputs: ['fine', 'coarse'],
    outputs: PLACE_HEAD.outputs,
    shapes: {
      fine: [1, 'channels', PLACES, PLACES],
      coarse: [1, 'coarseChannels', PLACES / 2, PLACES / 2],
      object: [PLACES ** 2, 1],
      classes: [PLACES ** 2, size.classes],
      sides: [PLACES ** 2, 4],
    },
    constants: {
      ...Object.fromEntries(parts),
      region: { shape: [0], data: new Float32Array(0) },
      scales: { shape: [4], data: Float32Array.of(1, 1, 2, 2) },
    },
    nodes: [...PLACE_ROWS.nodes, ...PLACE_HEAD.nodes],
  };
}

function instructions({ kind, recipe, most, blend, crops }: TrainedDetector, backbone: DetectorExport['backbone']) {
  return {
    schemaVersion: 1,
    kind,
    recipe,
    backbone,
    labels: 'labels.json',
    square: {
      side: SQUARE_SIDE,
      picture: 'upright, on white, proportions kept, in the upper left corner, the longer side as long as the square',
    },
    places: {
      file: 'places.onnx',
      inputs: {
        fine: `the backbone's maps of stride ${PLACE_STRIDE} and, averaged over 2 × 2, of stride ${PLACE_STRIDE / 2}, one after the other`,
        coarse: `its map of stride ${PLACE_STRIDE * 2}`,
      },
      outputs: {
        object: 'probability that the middle of an object is at the place; places go row by row',
        classes: 'probability of each class if there is an object',
        sides: `logs of the distances from the place’s middle to left, top, right and bottom, in places of ${PLACE_STRIDE} px of the square`,
      },
      keep: { leastObject: LEAST_OBJECT, suppressAboveOverlap: PROPOSAL_OVERLAP, most },
    },
    ...(crops && {
      crops: {
        file: 'crops.onnx',
        input: `the backbone's features of the kept box with ${CROP_MARGIN} of its sides added on each side, stretched to a square of ${backbone.cropSide} px`,
        output: 'probabilities of the classes, the background last',
      },
    }),
    confidence: {
      ...blend,
      formula:
        'sigmoid(object · logit(object) + crop · logit(class in the crop) + place · log(class at the place) + bias)',
    },
  };
}
