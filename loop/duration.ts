const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** What a duration looks like: `90s`, `30m`, `12h`, `7d`, `2w`. */
export const DURATION = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)$/;

/**
 * Milliseconds of a duration such as `90s`, `12h` or `7d`.
 * @throws RangeError when the text is no duration; the spec's schema lets none such through.
 */
export function durationMs(text: string): number {
  const [, amount, unit] = DURATION.exec(text) ?? [];
  const factor = UNITS[unit ?? ''];
  if (amount === undefined || factor === undefined) throw new RangeError(`not a duration: ${text}`);
  return Number(amount) * factor;
}
