import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { failureConverterPath } from '../codec/data-converter.ts';
import { bundleWorkflows, encryptedBundle } from '../worker/bundles.ts';

/**
 * Bundles the workflow code into a file for `DELTALOOP_WORKFLOW_BUNDLE`, so that a worker starts without the bundler, and into one
 * beside it for workers that encrypt. A bundle belongs to the `@temporalio/worker` and the sources it was made with: build both again
 * after every change.
 */
const path = resolve(process.argv[2] ?? 'dist/workflow-bundle.js');
await mkdir(dirname(path), { recursive: true });
await build(path, {});
await build(encryptedBundle(path), { dataConverter: { failureConverterPath: failureConverterPath() } });

async function build(file: string, options: Parameters<typeof bundleWorkflows>[0]): Promise<void> {
  const { code } = await bundleWorkflows(options);
  // Renamed into place: a worker that starts meanwhile reads the old bundle or the new one.
  await writeFile(`${file}.partial`, code);
  await rename(`${file}.partial`, file);
  process.stdout.write(`${file}: ${(code.length / 1e6).toFixed(1)} MB\n`);
}
