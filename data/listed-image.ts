import type { Finding } from '../loop/finding.ts';
import type { Labelled } from '../loop/labels.ts';
import type { Task } from '../loop/metrics.ts';

/** An image as a listing names it; nobody has looked into the file yet. */
export interface ListedImage extends Labelled {
  /** Absolute path. */
  path: string;
  /** How findings name it: relative to the folder, or to the COCO file. */
  name: string;
  /** Images of one group (a glyph, a video) never stand on both sides of a split. */
  group?: string;
}

export interface Listing {
  classes: string[];
  items: ListedImage[];
  findings: Finding[];
}

export interface ListingOptions {
  /** What is listed: a class for each image (default), or boxes, which only a COCO file can hold. */
  task?: Task;
  /** The loop's classes, in their order; without them the listing's own, sorted. */
  classes?: readonly string[];
  /** A class of the listing that is none of `classes`: an error (default), or left out with a warning. */
  extraClasses?: 'error' | 'leave-out';
  /** A class without an image: an error (default), or fine. */
  emptyClasses?: 'error' | 'allow';
}
