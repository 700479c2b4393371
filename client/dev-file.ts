import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { systemCode } from '../data/errors.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';

const DevFileSchema = z.looseObject({ temporalAddress: z.string(), uiUrl: z.string().optional() });

/** What `deltaloop dev` says about the local server it runs: `<home>/dev.json`. */
export type DevFile = z.infer<typeof DevFileSchema>;

/**
 * Reads `<home>/dev.json`; undefined when no local server was started there.
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
  const parsed = DevFileSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new CliError(
    `${path} does not hold what \`deltaloop dev\` writes there, so the local server's address is unknown.`,
    {
      exitCode: EXIT.unexpected,
      next: `Remove ${path} and run \`deltaloop dev\` again, or set TEMPORAL_ADDRESS.`,
    },
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
