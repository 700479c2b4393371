import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { systemCode } from '../data/errors.ts';
import { jsonOrUndefined } from '../loop/json.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';

const DevFileSchema = z.object({
  /** `HOST:PORT` of the Temporal server. */
  temporalAddress: z.string(),
  /** Address of the Temporal UI; empty when it is not known. */
  uiUrl: z.string(),
  /** Address of the vision service. */
  serviceUrl: z.string(),
  /** Process that keeps them up. */
  pid: z.number().int(),
});

/** `<home>/dev.json`: where the services of this home answer while `deltaloop dev` keeps them up. Holds no secrets. */
export type DevFile = z.infer<typeof DevFileSchema>;

/**
 * The services that run for this home; undefined when none do. A file left over by a dead process counts as none.
 * @throws CliError when the file is there but cannot be understood.
 */
export async function readDevFile(home: string): Promise<DevFile | undefined> {
  const path = join(home, 'dev.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  const parsed = DevFileSchema.safeParse(jsonOrUndefined(text));
  if (parsed.success) return isAlive(parsed.data.pid) ? parsed.data : undefined;
  throw new CliError(
    `${path} does not hold what \`deltaloop dev\` writes there, so the local server's address is unknown.`,
    {
      exitCode: EXIT.unexpected,
      next: `Remove ${path} and run \`deltaloop dev\` again, or set TEMPORAL_ADDRESS.`,
    },
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) !== 'ESRCH';
  }
}
