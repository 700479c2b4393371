import { existsSync } from 'node:fs';

/** Names a file; while that file exists, the one file writer meets a full disk. For tests and the chaos harness only. */
const VARIABLE = 'DELTALOOP_FAULT_DISK_FULL_FILE';

/** Whether the disk is to be full at this moment. Without the variable nothing is looked up. */
export function diskIsFull(): boolean {
  const file = process.env[VARIABLE];
  return file !== undefined && file !== '' && existsSync(file);
}

/** The error of a full disk as Node gives it. */
export function noSpace(call: string, path: string): NodeJS.ErrnoException {
  const error: NodeJS.ErrnoException = new Error(`ENOSPC: no space left on device, ${call} '${path}'`);
  return Object.assign(error, { code: 'ENOSPC', errno: -28, syscall: call, path });
}

/**
 * Stands before a call that needs space.
 * @throws ENOSPC while the disk is to be full.
 */
export function needsSpace(call: string, path: string): void {
  if (diskIsFull()) throw noSpace(call, path);
}
