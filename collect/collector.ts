import type { LoopFolder } from '../data/loop-folder.ts';
import type { Quotas } from '../data/quotas.ts';
import type { Finding } from '../loop/finding.ts';
import type { ClassCounts, FileRef, RoundDraw } from '../loop/round.ts';
import type { LoopSpec } from '../loop/spec.ts';

export interface CollectContext {
  folder: LoopFolder;
  spec: LoopSpec;
  classes: string[];
  /** What the vision service takes for training: an image outside is passed over, never drawn. */
  quotas: Quotas;
  heartbeat: (note: string) => void;
  signal?: AbortSignal;
}

export interface PrepareResult {
  classes: string[];
  /** Images per class that can be drawn at most; null when only people know. */
  available: ClassCounts | null;
  /** With an error among them nothing has been frozen, and the loop must not spend anything. */
  findings: Finding[];
}

export interface CollectRequest {
  /** Counted from 1. */
  round: number;
  /** New images per class that this round asks for. */
  need: ClassCounts;
  /** Batches admitted so far; a pool ignores it. */
  admissions: number;
  /** Detection: images that the round may take at most, since `need` cannot tell; no limit when absent. */
  room?: number;
}

export interface CollectResult {
  /** `rounds/N/draw.json` */
  draw: FileRef;
  added: ClassCounts;
  /** New images, each counted once. */
  images: number;
  /** Detection: images beyond what was asked so far; absent for classification. */
  surplus?: ClassCounts;
  /** What was asked and could not be given, for the classes that ran out. */
  short: ClassCounts;
  /** Nothing is left in any class that was asked; people can always bring more. */
  exhausted: boolean;
  /** Images that were passed over, and why: warnings. */
  findings: Finding[];
}

/** Where images come from. Both steps may be repeated at any point: what is written once is read by a retry. */
export interface Collector {
  /**
   * A pool: freezes its listing and refuses what overlaps the evaluation set. People: nothing.
   * @throws SourceUnreadableError, FolderMissingError, DiskFullError.
   */
  prepare(ctx: CollectContext): Promise<PrepareResult>;
  /**
   * Chooses and stores the new images of a round.
   * @throws SourceUnreadableError, FolderMissingError, DiskFullError, FolderConflictError.
   */
  collect(ctx: CollectContext, request: CollectRequest): Promise<CollectResult>;
  /**
   * Images, each counted once, that could still be drawn after these draws; null when only people know.
   * @throws FolderConflictError when the frozen pool is missing.
   */
  remaining(folder: LoopFolder, draws: readonly RoundDraw[]): Promise<number | null>;
}
