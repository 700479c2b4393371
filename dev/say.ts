/** Tells the person in front of the screen one line about what happens; never data, never a secret. */
export type Say = (line: string) => void;

/**
 * Text of anything thrown, with the cause that `fetch` hides one level down.
 * @param error anything that was thrown
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause.message : '';
  return cause && !error.message.includes(cause) ? `${error.message} (${cause})` : error.message;
}

/**
 * Duration for people: `45 s`, `3 min 05 s`.
 * @param ms milliseconds
 */
export function elapsed(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}
