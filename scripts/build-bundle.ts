import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { bundleWorkflows } from '../worker/workers.ts';

/**
 * Bundles the workflow code into a file for `DELTALOOP_WORKFLOW_BUNDLE`, so that a worker starts without the bundler.
 * A bundle belongs to the `@temporalio/worker` and the sources it was made with: build it again after every change.
 */
const path = resolve(process.argv[2] ?? 'dist/workflow-bundle.js');
const { code } = await bundleWorkflows();
await mkdir(dirname(path), { recursive: true });
// Renamed into place: a worker that starts meanwhile reads the old bundle or the new one.
await writeFile(`${path}.partial`, code);
await rename(`${path}.partial`, path);
process.stdout.write(`${path}: ${(code.length / 1e6).toFixed(1)} MB\n`);
