/** What the rules say of a training set, wherever one is drawn, shared out or checked. */

/** The balance that the vision service advises: the largest class over the smallest, at most. */
export const CLASS_RATIO = 2;

/** The nested parts of a first round's images that are trained too under the forecast, smallest first, 0–1. */
export const SHARES = [0.25, 0.5] as const;
export type Share = (typeof SHARES)[number];
