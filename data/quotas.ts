/**
 * What a vision service accepts of a dataset for one purpose (training, or evaluation). The figures belong to the
 * service's adapter; callers pass them in.
 */
export interface Quotas extends ImageLimits {
  /** Images each class needs: 2 for training a classifier, 1 for its evaluation. */
  minImagesPerClass: number;
  maxImages: number;
  minClasses: number;
  maxClasses: number;
  /** Boxes of one image, where a detector is trained. */
  maxBoxes: number;
}

/** What a vision service accepts of a single image. */
export interface ImageLimits {
  /** Bytes: 20 MB for training, 6 MB where every image is also predicted one by one. */
  maxImageBytes: number;
  /** Pixels of the shorter side. */
  minSide: number;
  /** Pixels of the longer side. */
  maxSide: number;
}
