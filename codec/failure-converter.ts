import { DefaultFailureConverter } from '@temporalio/common';

/** Puts messages and stack traces of failures into a payload, so that they are encrypted too; Temporal loads it by this name. */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
