import { homedir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';

/** What every command needs to know of its surroundings; from the environment, never from a spec. */
export interface ClientSettings {
  /** The folder that client, worker and service share: `DELTALOOP_HOME`. */
  home: string;
  /** Task queue of the loop's workflow and activities: `DELTALOOP_TASK_QUEUE`. */
  taskQueue: string;
}

/** Settings of the client with their defaults: `~/.local/share/deltaloop` and task queue `deltaloop`. */
export function clientSettings(env: NodeJS.ProcessEnv = process.env): ClientSettings {
  const home = env['DELTALOOP_HOME'] || join(homedir(), '.local', 'share', 'deltaloop');
  return { home: resolve(home), taskQueue: env['DELTALOOP_TASK_QUEUE'] || 'deltaloop' };
}

/** The name of the operating system's user, the default of `--by`; `unknown` where the system has none for this process. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch (error) {
    // userInfo throws SystemError for a user ID without an entry, as in some containers.
    if (error instanceof Error && 'code' in error) return 'unknown';
    throw error;
  }
}
