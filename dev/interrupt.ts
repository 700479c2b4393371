const CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
type Interrupt = keyof typeof CODES;

/**
 * Runs `work` and lets Ctrl-C, SIGTERM and a closed terminal end it in order: its signal is aborted and it is waited for.
 * A second one ends this process at once; what it started then ends by the orphan guard.
 * @returns what `work` returns, or 128 + the signal's number when it was interrupted
 * @throws what `work` throws when it was not interrupted
 */
export async function interruptible(work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const controller = new AbortController();
  let code: number | undefined;
  const onSignal = (name: Interrupt): void => {
    if (code !== undefined) process.exit(code);
    code = CODES[name];
    controller.abort();
  };
  const names: Interrupt[] = ['SIGHUP', 'SIGINT', 'SIGTERM'];
  for (const name of names) process.on(name, onSignal);
  try {
    const result = await work(controller.signal);
    return code ?? result;
  } catch (error) {
    if (code === undefined) throw error;
    return code;
  } finally {
    for (const name of names) process.off(name, onSignal);
  }
}
