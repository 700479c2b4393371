import type { GraphDefinition } from '../heads/onnx-graph.ts';

/**
 * Rows of features, one a place: both maps, each beside its mean over 3 × 3 places, the coarse one stretched to the fine one.
 * `region` is empty, `scales` are 1, 1, 2, 2.
 */
export const PLACE_ROWS: GraphDefinition = {
  name: 'place-rows',
  inputs: ['fine', 'coarse', 'region', 'scales'],
  outputs: ['rows'],
  nodes: [
    { operator: 'AveragePool', inputs: ['fine'], output: 'fineMeans', attributes: around() },
    { operator: 'AveragePool', inputs: ['coarse'], output: 'coarseMeans', attributes: around() },
    { operator: 'Concat', inputs: ['coarse', 'coarseMeans'], output: 'small', attributes: { axis: 1 } },
    { operator: 'Resize', inputs: ['small', 'region', 'scales'], output: 'large' },
    { operator: 'Concat', inputs: ['fine', 'fineMeans', 'large'], output: 'all', attributes: { axis: 1 } },
    { operator: 'Transpose', inputs: ['all'], output: 'last', attributes: { perm: [0, 2, 3, 1] } },
    { operator: 'Flatten', inputs: ['last'], output: 'rows', attributes: { axis: 3 } },
  ],
};

function around() {
  return { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [1, 1] };
}

/** The names of the numbers that a place head learns, in the order in which they are kept. */
export const HEAD_PARTS = ['wHidden', 'bHidden', 'wObject', 'bObject', 'wClass', 'bClass', 'wSides', 'bSides'] as const;
export type HeadPart = (typeof HEAD_PARTS)[number];

const FORWARD: GraphDefinition['nodes'] = [
  { operator: 'Gemm', inputs: ['rows', 'wHidden', 'bHidden'], output: 'sums' },
  { operator: 'Relu', inputs: ['sums'], output: 'hidden' },
  { operator: 'Gemm', inputs: ['hidden', 'wObject', 'bObject'], output: 'objectLogits' },
  { operator: 'Gemm', inputs: ['hidden', 'wClass', 'bClass'], output: 'classLogits' },
  { operator: 'Gemm', inputs: ['hidden', 'wSides', 'bSides'], output: 'sides' },
];

/** One hidden layer, and from it: is the middle of an object here (logit), of which class (logits), how far are its sides (logs). */
export const PLACE_HEAD: GraphDefinition = {
  name: 'place-head',
  inputs: ['rows', ...HEAD_PARTS],
  outputs: ['object', 'classes', 'sides'],
  nodes: [
    ...FORWARD,
    { operator: 'Sigmoid', inputs: ['objectLogits'], output: 'object' },
    { operator: 'Softmax', inputs: ['classLogits'], output: 'classes', attributes: { axis: 1 } },
  ],
};

/** Gradient of the linear layer from `hidden` to an output whose errors are given. */
function layerSlopes(name: string, errors: string): GraphDefinition['nodes'] {
  return [
    { operator: 'Gemm', inputs: ['hidden', errors], output: `wSlope${name}`, attributes: { transA: 1 } },
    { operator: 'ReduceSum', inputs: [errors], output: `bSlope${name}`, attributes: { axes: [0], keepdims: 0 } },
    { operator: 'Gemm', inputs: [errors, `w${name}`], output: `back${name}`, attributes: { transB: 1 } },
  ];
}

/**
 * Gradients of the loss: cross-entropy of the object (rows weighted by `objectShares`), cross-entropy of the class (`shares`, 0 where
 * there is no object), and a smooth L1 of the sides (`sideShares`) whose slope stays between `least` and `most`.
 */
export const PLACE_HEAD_SLOPES: GraphDefinition = {
  name: 'place-head-slopes',
  inputs: [
    'rows',
    ...HEAD_PARTS,
    'isObject',
    'objectShares',
    'isClass',
    'trueSides',
    'shares',
    'sideShares',
    'most',
    'least',
  ],
  outputs: HEAD_PARTS.map((part) => `${part[0]}Slope${part.slice(1)}`),
  nodes: [
    ...FORWARD,
    { operator: 'Sigmoid', inputs: ['objectLogits'], output: 'object' },
    { operator: 'Sub', inputs: ['object', 'isObject'], output: 'objectMisses' },
    { operator: 'Mul', inputs: ['objectMisses', 'objectShares'], output: 'objectErrors' },
    { operator: 'Softmax', inputs: ['classLogits'], output: 'classes', attributes: { axis: 1 } },
    { operator: 'Sub', inputs: ['classes', 'isClass'], output: 'classMisses' },
    { operator: 'Mul', inputs: ['classMisses', 'shares'], output: 'classErrors' },
    { operator: 'Sub', inputs: ['sides', 'trueSides'], output: 'sideMisses' },
    { operator: 'Min', inputs: ['sideMisses', 'most'], output: 'belowMost' },
    { operator: 'Max', inputs: ['belowMost', 'least'], output: 'bounded' },
    { operator: 'Mul', inputs: ['bounded', 'sideShares'], output: 'sideErrors' },
    ...layerSlopes('Object', 'objectErrors'),
    ...layerSlopes('Class', 'classErrors'),
    ...layerSlopes('Sides', 'sideErrors'),
    { operator: 'Sum', inputs: ['backObject', 'backClass', 'backSides'], output: 'back' },
    { operator: 'Sign', inputs: ['hidden'], output: 'open' },
    { operator: 'Mul', inputs: ['back', 'open'], output: 'hiddenErrors' },
    { operator: 'Gemm', inputs: ['rows', 'hiddenErrors'], output: 'wSlopeHidden', attributes: { transA: 1 } },
    { operator: 'ReduceSum', inputs: ['hiddenErrors'], output: 'bSlopeHidden', attributes: { axes: [0], keepdims: 0 } },
  ],
};
