import { readDevFile } from './dev-file.ts';

export interface UiLinkOptions {
  home: string;
  loop: string;
  namespace?: string;
  env?: NodeJS.ProcessEnv;
}

/** The address of a loop in the Temporal UI (`DELTALOOP_TEMPORAL_UI`, else dev.json's); null when no UI is known. */
export async function uiLink({ home, loop, namespace, env = process.env }: UiLinkOptions): Promise<string | null> {
  const base = await uiAddress(home, env);
  if (!base) return null;
  const space = namespace ?? (env['TEMPORAL_NAMESPACE'] || 'default');
  const root = base.endsWith('/') ? base : `${base}/`;
  return new URL(`namespaces/${encodeURIComponent(space)}/workflows/${encodeURIComponent(loop)}`, root).href;
}

/** The address of the Temporal UI (`DELTALOOP_TEMPORAL_UI`, else dev.json's); undefined when none is known. */
export async function uiAddress(home: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  return env['DELTALOOP_TEMPORAL_UI'] || (await devUi(home, env['TEMPORAL_ADDRESS']));
}

/** The local server's UI, unless the environment points at another server. */
async function devUi(home: string, address: string | undefined): Promise<string | undefined> {
  const dev = await readDevFile(home);
  return address && address !== dev?.temporalAddress ? undefined : dev?.uiUrl;
}
