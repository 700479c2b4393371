import { readFileSync } from 'node:fs';
import type { WorkerDeploymentVersion } from '@temporalio/common';

/** What runs here: the version of the package, and the deployment and build that its settings name, or null. */
export function aboutBuild(deployment: WorkerDeploymentVersion | null) {
  const { deploymentName = null, buildId = null } = deployment ?? {};
  return { version: packageVersion(), deploymentName, buildId };
}

function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
