import { createHash } from 'node:crypto';
import { z } from 'zod';
import { LoopResultSchema, RoundDrawSchema } from '../../../loop/files.ts';
import type { Evidence, LoopEvidence } from '../evidence.ts';
import { type Checked, ofRounds, readAs, repeated } from './folder.ts';

const CocoSchema = z.looseObject({ images: z.array(z.looseObject({ file_name: z.string() })) });
const AdmissionSchema = z.looseObject({
  manifest: z.looseObject({ sha256: z.string() }),
  images: z.array(z.looseObject({ sha256: z.string() })),
});
const SubmittedSchema = z.looseObject({
  manifest: z.looseObject({ sha256: z.string() }),
  counts: z.record(z.string(), z.number()),
});

/**
 * Invariant 2: every accepted image is in exactly one round's draw and in every later training set, and its bytes hash to its name; every
 * batch that its sender was told is queued was taken in, or is counted as unused.
 */
export function nothingLost({ loops }: Pick<Evidence, 'loops'>): Checked {
  return {
    problems: loops.flatMap((loop) => [...draws(loop), ...batches(loop)].map((problem) => `${loop.name}: ${problem}`)),
    notes: [],
  };
}

function drawsOf(loop: LoopEvidence) {
  return ofRounds(loop, 'draw.json').map(({ round, path }) => ({
    round,
    images: readAs(loop, path, RoundDrawSchema)?.images ?? [],
  }));
}

function draws(loop: LoopEvidence): string[] {
  const drawn = drawsOf(loop);
  const twice = repeated(drawn.flatMap(({ images }) => images.map(({ sha256 }) => sha256)));
  const problems = twice.map((sha256) => `image ${sha256} is in two draws`);
  for (const { round, images } of drawn) {
    if (drawn[round - 1]?.round !== round) problems.push(`the draw before round ${round} is missing`);
    for (const { sha256, file } of images) {
      const bytes = loop.files.get(`images/${file}`);
      const problem =
        bytes === undefined ? 'is gone' : sha256Of(bytes) === sha256 ? null : 'has other bytes than its name says';
      if (problem) problems.push(`image ${file} of round ${round} ${problem}`);
    }
  }
  return [...problems, ...trainingSets(loop, drawn)];
}

function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function trainingSets(loop: LoopEvidence, drawn: ReturnType<typeof drawsOf>): string[] {
  return ofRounds(loop, 'coco.json').flatMap(({ round, path }) => {
    const trained = (readAs(loop, path, CocoSchema)?.images ?? []).map(({ file_name }) => file_name).toSorted();
    const accepted = drawn
      .filter((draw) => draw.round <= round)
      .flatMap(({ images }) => images.map(({ file }) => file));
    if (JSON.stringify(trained) === JSON.stringify(accepted.toSorted())) return [];
    return [
      `the training set of round ${round} holds ${trained.length} images, and ${accepted.length} were accepted until then`,
    ];
  });
}

function batches(loop: LoopEvidence): string[] {
  if (loop.spec.collector.kind !== 'people') return [];
  const updates = loop.history.steps.filter((step) => step.kind === 'update' && step.name === 'submitImages');
  const queued = updates.map((step) => SubmittedSchema.parse(step.kind === 'update' && step.argument));
  const admitted = admissionsOf(loop);
  const heard = new Set(queued.map(({ manifest }) => manifest.sha256));
  const deaf = loop.told.filter(({ manifest }) => !heard.has(manifest));
  const taken = admitted.map(({ manifest }) => manifest.sha256);
  const inOrder = queued.slice(0, taken.length).map(({ manifest }) => manifest.sha256);
  return [
    ...deaf.map(({ manifest, message }) => `batch ${manifest} was told “${message}”, and the loop never heard of it`),
    ...(JSON.stringify(inOrder) === JSON.stringify(taken)
      ? []
      : ['batches were not taken in in the order in which they came']),
    ...repeated(admitted.flatMap(({ images }) => images.map(({ sha256 }) => sha256))).map(
      (sha256) => `image ${sha256} was accepted twice`,
    ),
    ...unused(loop, { admitted, left: queued.slice(taken.length) }),
  ];
}

function admissionsOf(loop: LoopEvidence): z.infer<typeof AdmissionSchema>[] {
  const paths = [...loop.files.keys()].filter((path) => /^admissions\/\d+\.json$/.test(path));
  const inOrder = paths.toSorted((a, b) => Number.parseInt(a.slice(11), 10) - Number.parseInt(b.slice(11), 10));
  return inOrder.flatMap((path) => readAs(loop, path, AdmissionSchema) ?? []);
}

interface Inbox {
  admitted: readonly z.infer<typeof AdmissionSchema>[];
  /** Batches that were heard of and not taken in. */
  left: readonly z.infer<typeof SubmittedSchema>[];
}

/** What no round used must be counted in the outcome, image by image. */
function unused(loop: LoopEvidence, { admitted, left }: Inbox): string[] {
  const accepted = new Set(admitted.flatMap(({ images }) => images.map(({ sha256 }) => sha256)));
  const drawn = new Set(drawsOf(loop).flatMap(({ images }) => images.map(({ sha256 }) => sha256)));
  const strangers = [...drawn]
    .filter((sha256) => !accepted.has(sha256))
    .map((sha256) => `image ${sha256} was drawn, but never accepted`);
  const outcome = readAs(loop, 'outcome.json', LoopResultSchema);
  if (!outcome) return strangers;
  const queued = left.flatMap(({ counts }) => Object.values(counts)).reduce((sum, count) => sum + count, 0);
  const accounted = outcome.images + outcome.unusedImages;
  const there = accepted.size + queued;
  if (accounted === there || accounted === there + uncounted(loop, admitted)) return strangers;
  return [
    ...strangers,
    `people handed in ${there} images that count, and the outcome tells of ${outcome.images} used and ${outcome.unusedImages} unused`,
  ];
}

/**
 * A loop that is ended while it takes a batch in counts the batch as it was handed in, not what was accepted of it. By how many images
 * that differs; 0 where the last admission was heard of.
 */
function uncounted(loop: LoopEvidence, admitted: Inbox['admitted']): number {
  const { steps } = loop.history;
  const scheduled = steps.flatMap((step) => (step.kind === 'scheduled' ? [step.name] : []));
  const last = admitted.at(-1);
  if (!last || scheduled[scheduled.lastIndexOf('admitBatch') + 1] !== 'finishLoop') return 0;
  const sent = steps.flatMap((step) =>
    step.kind === 'update' && step.name === 'submitImages' ? [SubmittedSchema.parse(step.argument)] : [],
  );
  const batch = sent.find(({ manifest }) => manifest.sha256 === last.manifest.sha256);
  const counted = Object.values(batch?.counts ?? {}).reduce((sum, count) => sum + count, 0);
  return counted - last.images.length;
}
