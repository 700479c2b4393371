/**
 * Health check of the image, for both of its roles: `/ready` of a worker (its pollers run), `/health` of the vision
 * service. The port tells which one it is. Exit code 0 is healthy; the reason of any other is printed, and
 * `docker inspect` shows it.
 */
const { DELTALOOP_HEALTH_PORT: worker, DELTALOOP_VISION_PORT: vision } = process.env;
const address = worker ? `http://127.0.0.1:${worker}/ready` : `http://127.0.0.1:${vision}/health`;

try {
  const { ok, status } = await fetch(address, { signal: AbortSignal.timeout(4_000) });
  if (!ok) throw new Error(`it answers ${status}`);
} catch (error) {
  const cause = error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : '';
  process.stderr.write(`${address}: ${error instanceof Error ? error.message : String(error)}${cause}\n`);
  process.exitCode = 1;
}
