import http from 'node:http';
import https from 'node:https';
import pLimit, { type LimitFunction } from 'p-limit';
import { SourceError, shownUri } from './errors.ts';
import type { Patience } from './patience.ts';

/** So many downloads in a row without an answer, and a host is left alone for a while. */
const LOST_LIMIT = 8;

/** What is known about one host. */
interface HostState {
  limit: LimitFunction;
  /** Downloads in a row that got no answer after all tries. */
  lost: number;
  /** Nothing is asked before; milliseconds as of `performance.now()`. */
  quietUntil: number;
}

const hosts = new Map<string, HostState>();

/** Sockets are kept open between images. Those that may reach private addresses are never lent to readers that may not. */
const agents = new Map<string, http.Agent>();

/** The agent for a URL, with at most `connections` sockets a host. */
export function agentFor(url: URL, { allowPrivate, connections }: { allowPrivate: boolean; connections: number }) {
  const key = `${url.protocol} ${allowPrivate} ${connections}`;
  const known = agents.get(key);
  if (known !== undefined) return known;
  const options = { keepAlive: true, maxSockets: connections, maxFreeSockets: connections };
  const agent = url.protocol === 'https:' ? new https.Agent(options) : new http.Agent(options);
  agents.set(key, agent);
  return agent;
}

/** Runs one request to a host when a connection is free and the host has not asked to be left alone. */
export function atHost<T>(url: URL, connections: number, work: () => Promise<T>): Promise<T> {
  const state = stateOf(url, connections);
  return state.limit(work);
}

/** How long a host still wants to be left alone, in milliseconds. */
export function quietMs(url: URL): number {
  return Math.max(0, (hosts.get(url.host)?.quietUntil ?? 0) - performance.now());
}

/** Leaves a host alone for so long. */
export function keepQuiet(url: URL, ms: number): void {
  const state = hosts.get(url.host);
  if (state !== undefined) state.quietUntil = Math.max(state.quietUntil, performance.now() + ms);
}

/** Notes how a download ended: answered in any way, or lost. */
export function noteOutcome(url: URL, outcome: 'answered' | 'lost', patience: Patience): void {
  const state = hosts.get(url.host);
  if (state === undefined) return;
  state.lost = outcome === 'answered' ? 0 : state.lost + 1;
  if (state.lost >= LOST_LIMIT) state.quietUntil = performance.now() + patience.coolMs;
}

/** A host lost so many downloads that it is not asked for a while. */
export class HostRestsError extends SourceError {
  override readonly name = 'HostRestsError';
}

/**
 * Refuses a host that lost one download after the other: thousands of images of a dead server would take days.
 *
 * @throws {HostRestsError} until the host's time of rest is over
 */
export function requireAlive(url: URL): void {
  const { lost } = hosts.get(url.host) ?? { lost: 0 };
  if (lost < LOST_LIMIT || quietMs(url) === 0) return;
  throw new HostRestsError(
    `${shownUri(url.href)} was not asked for: ${lost} downloads in a row from ${url.host} failed`,
  );
}

function stateOf(url: URL, connections: number): HostState {
  const known = hosts.get(url.host);
  if (known !== undefined) {
    known.limit.concurrency = connections;
    return known;
  }
  forgetIdle();
  const state = { limit: pLimit(connections), lost: 0, quietUntil: 0 };
  hosts.set(url.host, state);
  return state;
}

/** Image URLs can name any number of hosts. */
function forgetIdle(): void {
  for (const [host, { limit, quietUntil }] of hosts) {
    const idle = limit.activeCount + limit.pendingCount === 0 && quietUntil < performance.now();
    if (hosts.size > 1000 && idle) hosts.delete(host);
  }
}
