import { duplicate, labelConflict } from '../data/duplicate-checks.ts';
import type { EvaluationImage } from '../data/evaluation-set.ts';
import { evaluationSide, overlapFinder } from '../data/overlap-checks.ts';
import { ImageProblem, type Probe, probeImage } from '../data/probe.ts';
import type { ImageLimits } from '../data/quotas.ts';
import type { Finding } from '../loop/finding.ts';
import { type Labelled, sameLabel } from '../loop/labels.ts';
import type { StoredImage } from '../loop/round.ts';

/** An image that could be drawn or admitted, before it is opened: where it is, and the hash its bytes had. */
export interface Entry extends Labelled {
  path: string;
  name: string;
  group?: string;
  sha256: string;
}

/** An entry that was opened and holds the bytes it had. */
export interface Candidate extends Entry, Probe {}

/** What became of opening an entry. */
export type Opened = { entry: Entry; image: Candidate } | { entry: Entry; finding: Finding };

/** Opens an entry; a problem of the file becomes a finding, `image-changed` when its bytes are others by now. */
export async function openEntry(entry: Entry, limits: ImageLimits): Promise<Opened> {
  try {
    const probe = await probeImage(entry.path, limits);
    return probe.sha256 === entry.sha256
      ? { entry, image: { ...entry, ...probe } }
      : { entry, finding: changed(entry) };
  } catch (error) {
    if (error instanceof ImageProblem) return { entry, finding: error.toFinding(entry.name) };
    throw error;
  }
}

/** Images that a loop may not take again, and those it may never take: by bytes and pixels, and groups for the latter. */
export class Known {
  readonly #owned: Map<string, Labelled & { name: string; sha256: string; pixelSha256: string }>;
  readonly #leak: (image: Candidate) => Finding | undefined;

  constructor(owned: readonly StoredImage[], evaluation: readonly EvaluationImage[]) {
    this.#owned = new Map(owned.map((image) => [image.pixelSha256, { ...image, name: `images/${image.file}` }]));
    this.#leak = overlapFinder(evaluation.map(evaluationSide));
  }

  /** Remembers a new image; or says why it cannot be taken, and forgets it. Equal bytes have equal pixels. */
  admit(image: Candidate): Finding | undefined {
    const leak = this.#leak(image);
    if (leak) return leak;
    const first = this.#owned.get(image.pixelSha256);
    if (first) return sameLabel(first, image) ? duplicate(first, image) : labelConflict(first, image);
    this.#owned.set(image.pixelSha256, image);
    return undefined;
  }
}

function changed(entry: Entry): Finding {
  return {
    severity: 'error',
    code: 'image-changed',
    where: entry.name,
    message: 'the file does not hold the bytes any more that it had when it was listed',
    fix: 'Put the old file back; new images belong into a new loop, or are handed in as new files.',
  };
}
