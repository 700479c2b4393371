/** What people hand in, step by step: copied by the client, admitted by the worker, waiting for a round. */
export { admitBatch } from './admit.ts';
export { waitingImages } from './people-collector.ts';
export { copyBatch } from './submit.ts';
