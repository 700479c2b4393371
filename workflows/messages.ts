import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { Changes } from '../loop/changes.ts';
import type { LoopProgress } from '../loop/progress.ts';
import type { ClassCounts, FileRef } from '../loop/round.ts';
import type { LoopSpec } from '../loop/spec.ts';

/** Name under which the workflow is registered; part of every running history. */
export const LOOP_WORKFLOW = 'loop';

/** What starts a loop. Small by design: data travels as files of the loop's folder. */
export interface LoopInput {
  /** Made once at the start; keeps names at the vision service apart between loops of one name. */
  instanceId: string;
  spec: LoopSpec;
  /** SHA-256 of the resolved spec, hex. */
  specHash: string;
  /** Instant at which the loop ends, epoch milliseconds; null without a deadline. */
  deadline: number | null;
  /** Only what differs from `DEFAULT_TIMINGS`. */
  timings?: Partial<Timings>;
}

/** How patient the loop's steps are, milliseconds. Inputs rather than constants, so that tests need not wait. */
export interface Timings {
  /** A step that gives no sign of life for this long is taken over by another worker. */
  heartbeatMs: number;
  /** First pause between two looks at a training or an evaluation; grows to 30 s. */
  pollMs: number;
  /** How long a model that was accepted may be missing before it counts as gone. */
  missingMs: number;
  /** How long a loop that ends tries to cancel and settle a training before it counts the training as spent. */
  givingUpMs: number;
  /** First pause before a training or an evaluation that failed by the service’s own fault is tried again; doubles each time. */
  backOffMs: number;
  /** How long the vision service may go without an answer before people are told; doubles each time. */
  outageMs: number;
  /** How long a loop that has ended waits for a webhook to take its last notices. */
  noticeMs: number;
  /** When somebody is reminded of a loop that needs attention, counted from the first moment. */
  remindersMs: number[];
}

export const DEFAULT_TIMINGS: Timings = {
  heartbeatMs: 30_000,
  pollMs: 1000,
  missingMs: 5 * 60_000,
  givingUpMs: 15 * 60_000,
  backOffMs: 60_000,
  outageMs: 15 * 60_000,
  noticeMs: 5 * 60_000,
  remindersMs: [4 * 3_600_000, 24 * 3_600_000, 72 * 3_600_000],
};

/** Images handed in by a person: one manifest file in the loop's folder. */
export interface SubmittedBatch {
  manifest: FileRef;
  counts: ClassCounts;
  /** Detection, where an image counts for every class that it shows: images of the batch. */
  images?: number;
  by?: string;
}

export interface ResolveAnswer {
  /** `skip` records the round without a metric and keeps its images. */
  answer: 'retry' | 'skip' | 'stop';
  /** What is changed before the step is tried again. */
  set?: Changes;
  /** Who answered; absent means `Temporal UI`. */
  by?: string;
  reason?: string;
}

/** Changes a running loop: target, caps, δ, the pool’s place, the service profile; never the evaluation set. */
export interface AdjustRequest {
  set: Changes;
  by?: string;
  reason?: string;
}

export interface Acknowledgement {
  /** One sentence on what will happen. */
  message: string;
}

export interface StopRequest {
  /** Also cancel a running training at the service. */
  now?: boolean;
  by?: string;
  reason?: string;
}

export interface PauseRequest {
  by?: string;
  reason?: string;
}

export const submitImages = defineUpdate<Acknowledgement, [SubmittedBatch]>('submitImages');
export const resolve = defineUpdate<Acknowledgement, [ResolveAnswer]>('resolve');
export const adjust = defineUpdate<Acknowledgement, [AdjustRequest]>('adjust');
export const pause = defineUpdate<Acknowledgement, [PauseRequest]>('pause');
export const resume = defineUpdate<Acknowledgement, [PauseRequest]>('resume');
export const stop = defineUpdate<Acknowledgement, [StopRequest]>('stop');
export const progress = defineQuery<LoopProgress>('progress');
