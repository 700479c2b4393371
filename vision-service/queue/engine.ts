import type { Backbone } from '../backbones/backbone.ts';
import type { BoundedCache } from '../bounded-cache.ts';
import type { ImageFactsCache } from '../data-access/image-facts.ts';
import type { AccessRules } from '../data-access/source.ts';
import type { DetectionKernels } from '../detection/kernels.ts';
import type { EmbeddingCache } from '../embeddings.ts';

/** What a compute thread has at hand. */
export interface Engine {
  backbone: Backbone;
  cache: EmbeddingCache;
  facts: ImageFactsCache;
  access: AccessRules;
}

/** What detectors need besides. */
export interface DetectionEngine extends Engine {
  /** Feature maps of images, and features of their crops. */
  maps: BoundedCache;
  crops: BoundedCache;
  kernels: DetectionKernels;
  /** Threads for the matrix work of a training. */
  threads: number;
}
