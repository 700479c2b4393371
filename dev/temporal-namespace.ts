import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { SEARCH_ATTRIBUTES } from '../loop/search-attributes.ts';
import { reasonOf } from './say.ts';

/** Temporal's numbers for types of search attributes (`temporal.api.enums.v1.IndexedValueType`). */
const INDEXED_VALUE_TYPES: Record<(typeof SEARCH_ATTRIBUTES)[keyof typeof SEARCH_ATTRIBUTES], number> = {
  Keyword: 2,
  Int: 3,
  Double: 4,
  Bool: 5,
};

/** `--search-attribute Name=Type` for each search attribute of a loop, as the local server takes them. */
export function searchAttributeFlags(): string[] {
  return Object.entries(SEARCH_ATTRIBUTES).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]);
}

/**
 * Registers the search attributes of a loop that the namespace lacks; those that exist are left alone.
 * @returns the names that were added
 * @throws Error naming the commands to type when this client may not add them
 */
export async function registerSearchAttributes(connection: Connection, namespace: string): Promise<string[]> {
  try {
    const missing = await missingAttributes(connection, namespace);
    if (missing.length === 0) return [];
    const searchAttributes = Object.fromEntries(
      missing.map((name) => [name, INDEXED_VALUE_TYPES[SEARCH_ATTRIBUTES[name]]]),
    );
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes }).catch(tolerateExisting);
    return missing;
  } catch (error) {
    throw new Error(registerByHand(namespace, error), { cause: error });
  }
}

type AttributeName = keyof typeof SEARCH_ATTRIBUTES;

async function missingAttributes(connection: Connection, namespace: string): Promise<AttributeName[]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const names = Object.keys(SEARCH_ATTRIBUTES).filter((name): name is AttributeName => name in SEARCH_ATTRIBUTES);
  return names.filter((name) => !(name in (customAttributes ?? {})));
}

/** Another start may have added them in the meantime (gRPC status 6, ALREADY_EXISTS). */
function tolerateExisting(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 6)) throw error;
}

function registerByHand(namespace: string, error: unknown): string {
  const flags = Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => `--name ${name} --type ${type}`);
  return [
    `The search attributes of a loop cannot be registered in namespace ${namespace}: ${reasonOf(error)}`,
    'A loop cannot run without them. Let someone who may do so type:',
    `  temporal operator search-attribute create --namespace ${namespace} ${flags.join(' ')}`,
  ].join('\n');
}

/** Waits until a namespace answers; a new server makes it a moment after it begins to listen. */
export async function waitForNamespace(connection: Connection, namespace: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      await connection.withDeadline(Date.now() + 2_000, () =>
        connection.workflowService.describeNamespace({ namespace }),
      );
      return;
    } catch (error) {
      if (signal.aborted) throw error;
      await delay(100);
    }
  }
}

/** Keeps closed loops for 90 days; the local server's own default is one day. */
export async function keepClosedLoops(connection: Connection, namespace: string): Promise<void> {
  await connection.workflowService.updateNamespace({
    namespace,
    config: { workflowExecutionRetentionTtl: msToTs('90d') },
  });
}
