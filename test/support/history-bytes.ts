import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';

/** Everything that Temporal stores of a workflow's newest run, as bytes: payloads are not behind base64 there. */
export async function historyBytes(client: Client, workflowId: string): Promise<Buffer> {
  const history = await client.workflow.getHandle(workflowId).fetchHistory();
  const described = await client.workflowService.describeWorkflowExecution({
    namespace: client.options.namespace,
    execution: { workflowId },
  });
  return Buffer.concat([
    proto.temporal.api.history.v1.History.encode(history).finish(),
    proto.temporal.api.workflowservice.v1.DescribeWorkflowExecutionResponse.encode(described).finish(),
  ]);
}
