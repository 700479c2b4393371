import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { LoopFolder } from '../data/loop-folder.ts';
import type { LoopFile } from '../loop/files.ts';
import { SEARCH_ATTRIBUTES } from '../loop/search-attributes.ts';
import type { LoopSpec } from '../loop/spec.ts';
import { LOOP_WORKFLOW, type LoopInput } from '../workflows/messages.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { GRPC, grpcStatus } from './grpc.ts';
import { staticDetails, staticSummary } from './plan-text.ts';
import { deadlineOf } from './progress-from-files.ts';
import { KEYS } from './search-attributes.ts';

/**
 * Starts the workflow of a loop whose folder is claimed, with all that the Temporal UI shows of it from the first moment.
 * @returns false when a start at the same moment was faster.
 * @throws CliError when the server lacks the search attributes; the client's errors when it is away.
 */
export async function startWorkflow(
  { client, home, taskQueue }: { client: Client; home: string; taskQueue: string },
  { spec, identity }: { spec: LoopSpec; identity: LoopFile },
): Promise<boolean> {
  const deadline = deadlineOf({ loop: identity, spec });
  const { instanceId, specHash: hash } = identity;
  const input: LoopInput = {
    instanceId,
    spec,
    specHash: hash,
    deadline: deadline === null ? null : Date.parse(deadline),
  };
  const target = spec.target === undefined ? [] : [{ key: KEYS.target, value: spec.target }];
  try {
    await client.connection.withDeadline(Date.now() + 10_000, () =>
      client.workflow.start(LOOP_WORKFLOW, {
        workflowId: spec.name,
        taskQueue,
        args: [input],
        // The folder decides what exists: a closed run of an earlier loop of this name is no obstacle, a running one is.
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        workflowIdConflictPolicy: 'FAIL',
        memo: { specHash: hash, folder: LoopFolder.at(home, spec.name).path, instanceId },
        typedSearchAttributes: [{ key: KEYS.phase, value: 'preparing' }, { key: KEYS.round, value: 0 }, ...target],
        staticSummary: staticSummary(spec),
        staticDetails: staticDetails(spec),
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw startError(error);
  }
}

function startError(error: unknown): unknown {
  const status = grpcStatus(error);
  if (status?.code !== GRPC.invalidArgument || !/search attribute/i.test(status.details)) return error;
  const commands = Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => `--name ${name} --type ${type}`);
  return new CliError(`The Temporal server does not know deltaloop’s search attributes (${status.details}).`, {
    exitCode: EXIT.unexpected,
    next: `Add them once: temporal operator search-attribute create ${commands.join(' ')}`,
    cause: error,
  });
}
