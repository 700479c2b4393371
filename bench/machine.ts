import { cpus, loadavg, totalmem } from 'node:os';

const GIGABYTE = 2 ** 30;

/** What the figures were measured on, in one line; the load says how far to trust the times. */
export function machine(): string {
  const [first] = cpus();
  const memory = `${(totalmem() / GIGABYTE).toFixed(0)} GB of memory`;
  const load = loadavg()
    .map((value) => value.toFixed(1))
    .join(', ');
  return `Node ${process.versions.node} on ${process.platform} ${process.arch}, ${cpus().length} cores (${first?.model.trim() ?? 'unknown'}), ${memory}; load average ${load} at the end`;
}
