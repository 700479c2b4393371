import { minimise } from '../heads/lbfgs.ts';
import { overlap } from './boxes.ts';
import type { Truth } from './place-samples.ts';
import type { Proposal } from './propose.ts';

/**
 * How the evidence for a class at a place becomes a confidence: a logistic function of the logit of the object, the logit of the
 * class in the crop, and the log of the class at the place.
 */
export interface Blend {
  object: number;
  crop: number;
  place: number;
  bias: number;
}

/** A class of a proposal, and whether such an object is there. */
interface Judged {
  proposal: Proposal;
  label: number;
  right: boolean;
}

const FOUND = 0.5;

/** Whether each class of each proposal is right: an object of that class is there, and no surer proposal has it already. */
export function rightClasses(proposals: readonly Proposal[], truths: readonly Truth[], classes: number): Judged[] {
  const taken = new Set<Truth>();
  return proposals.flatMap((proposal) => {
    const free = truths.filter((truth) => !taken.has(truth) && overlap(truth.box, proposal.box) >= FOUND);
    const [truth] = free.toSorted((a, b) => overlap(b.box, proposal.box) - overlap(a.box, proposal.box));
    if (truth !== undefined) taken.add(truth);
    return Array.from({ length: classes }, (_, label) => ({ proposal, label, right: truth?.label === label }));
  });
}

/** Evidence for one class at one proposal, and whether an object of that class is really there. */
export interface Evidence {
  inputs: readonly [object: number, crop: number, place: number];
  right: boolean;
}

/** Where learning begins, and where it stays without held-out proposals: both stages count the same. */
export function firstBlend(stages: 1 | 2): Blend {
  return stages === 1 ? { object: 1, crop: 0, place: 1, bias: 0 } : { object: 1, crop: 1, place: 0, bias: 0 };
}

const TINY = 1e-6;
/** Keeps the weights near the first ones while there is little evidence; counts like so many pairs. */
const PULL = 5;

/** The three inputs for a class. Without a crop its logit counts as 0. */
export function evidenceOf(
  { score, classes }: Proposal,
  crop: Float32Array | undefined,
  label: number,
): [object: number, crop: number, place: number] {
  return [
    logit(score),
    crop === undefined ? 0 : logit(crop[label] ?? 0),
    Math.log(Math.max(classes[label] ?? 0, TINY)),
  ];
}

/** Confidence for each class, 0–1. */
export function blended(blend: Blend, proposal: Proposal, crop: Float32Array | undefined): Float32Array {
  return proposal.classes.map((_, label) => {
    const [object, look, place] = evidenceOf(proposal, crop, label);
    return sigmoid(blend.object * object + blend.crop * look + blend.place * place + blend.bias);
  });
}

/**
 * The blend that makes the held-out evidence most likely (Platt, "Probabilistic outputs for support vector machines", 1999, with more
 * than one input), so that confidences are calibrated.
 */
export async function fitBlend(
  evidence: readonly Evidence[],
  { start, pause }: { start: Blend; pause: () => Promise<void> },
) {
  const first = [start.object, start.crop, start.place, start.bias];
  const point = Float64Array.from(first);
  // A stage that is not there has no weight to learn.
  const free = first.map((_, i) => i !== 1 || start.crop !== 0);
  const objective = async (at: Float64Array, gradient: Float64Array) => {
    gradient.fill(0);
    let loss = addEvidence(evidence, at, gradient);
    for (const [i, weight] of first.entries()) {
      const pull = PULL * ((at[i] ?? 0) - weight);
      loss += (pull * ((at[i] ?? 0) - weight)) / 2;
      gradient[i] = free[i] ? (gradient[i] ?? 0) + pull : 0;
    }
    for (let i = 0; i < gradient.length; i += 1) gradient[i] = (gradient[i] ?? 0) / (evidence.length + 1);
    return loss / (evidence.length + 1);
  };
  await minimise(objective, point, { maxIterations: 100, tolerance: 1e-5, pause });
  const [object = 0, crop = 0, place = 0, bias = 0] = point;
  return { object, crop, place, bias };
}

function addEvidence(evidence: readonly Evidence[], at: Float64Array, gradient: Float64Array): number {
  const [object = 0, crop = 0, place = 0, bias = 0] = at;
  let loss = 0;
  for (const { inputs, right } of evidence) {
    const [a, b, c] = inputs;
    const sum = object * a + crop * b + place * c + bias;
    const error = sigmoid(sum) - (right ? 1 : 0);
    // log(1 + e^s) − y s, without overflow.
    loss += Math.max(sum, 0) + Math.log1p(Math.exp(-Math.abs(sum))) - (right ? sum : 0);
    for (const [i, input] of [a, b, c, 1].entries()) gradient[i] = (gradient[i] ?? 0) + error * input;
  }
  return loss;
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}

function logit(share: number): number {
  const inside = Math.min(Math.max(share, TINY), 1 - TINY);
  return Math.log(inside / (1 - inside));
}
