import { defineSearchAttributeKey } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { ensureTemporalBinary } from '../../dev/temporal-binary.ts';
import { SEARCH_ATTRIBUTES } from '../../loop/search-attributes.ts';

const KINDS = { Keyword: 'KEYWORD', Int: 'INT', Double: 'DOUBLE', Bool: 'BOOL' } as const;

/** A real Temporal server of the local binary, with the loop's search attributes; gone with `teardown()`. */
export async function temporal(extraArgs: string[] = []): Promise<TestWorkflowEnvironment> {
  const path = await ensureTemporalBinary({ say: () => undefined, env: process.env });
  return TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path },
      extraArgs,
      searchAttributes: Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) =>
        defineSearchAttributeKey(name, KINDS[type]),
      ),
    },
  });
}
