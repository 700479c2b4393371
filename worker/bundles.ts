import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import {
  bundleWorkflowCode,
  DefaultLogger,
  type WorkflowBundleOption,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import type { Logger } from 'pino';
import type { Tracing } from '../tracing/tracing.ts';
import type { WorkerSettings } from './settings.ts';

interface Bundled {
  /** Traces workflows too. */
  tracing?: Tracing | null;
  /** Says how failures are encoded. */
  dataConverter?: DataConverter;
}

/** Bundles the workflow code with what traces it and encodes its failures, where that is wanted; takes seconds, so a test suite does it once. */
export function bundleWorkflows({
  tracing = null,
  dataConverter = {},
}: Bundled = {}): Promise<WorkflowBundleWithSourceMap> {
  const workflowsPath = fileURLToPath(new URL('../workflows/index.ts', import.meta.url));
  const { failureConverterPath } = dataConverter;
  const failures = failureConverterPath === undefined ? {} : { failureConverterPath };
  // The bundler's own report is of use to nobody who runs a worker; its errors are thrown.
  return bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR'), ...failures, ...pluginsOf(tracing) });
}

/** The bundle that `scripts/build-bundle.ts` makes beside another one, for workers that encrypt failures, too. */
export function encryptedBundle(path: string): string {
  return `${path.replace(/\.js$/, '')}.encrypted.js`;
}

/**
 * The workflow code of a worker: the bundle that was built for what it does, or one made now, which takes seconds. A bundle built before
 * never traces workflows.
 */
export async function workflowCode(
  { workflowBundle, dataConverter }: Pick<WorkerSettings, 'workflowBundle' | 'dataConverter'>,
  tracing: Tracing | null,
  log: Pick<Logger, 'info'>,
): Promise<WorkflowBundleOption> {
  const encrypts = dataConverter.failureConverterPath !== undefined;
  const codePath = workflowBundle !== null && encrypts ? encryptedBundle(workflowBundle) : workflowBundle;
  // The bundle that was named must be there; the one beside it may not have been built.
  if (codePath !== null && tracing === null && (!encrypts || existsSync(codePath))) return { codePath };
  if (workflowBundle !== null)
    log.info({ workflowBundle }, 'traces or encryption are on: the workflow code is bundled anew for them');
  return bundleWorkflows({ tracing, dataConverter });
}

/** What traces workflows, for a bundle and for its worker alike. */
export function pluginsOf(tracing: Tracing | null): { plugins?: [Tracing['plugin']] } {
  return tracing ? { plugins: [tracing.plugin] } : {};
}
