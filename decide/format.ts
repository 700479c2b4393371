const FEWEST_DIGITS = 2;
const MOST_DIGITS = 6;

/** The number that a reader sees at so many decimals. */
export function shown(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/** The fewest decimals (2 to `most`) at which `agrees` holds, or `most`: what is printed must not contradict what was decided. */
export function digitsWhere(agrees: (digits: number) => boolean, most = MOST_DIGITS): number {
  for (let digits = FEWEST_DIGITS; digits < most; digits += 1) if (agrees(digits)) return digits;
  return most;
}

/** `0.86`, `−0.02`: a real minus sign, and no minus before a zero. */
export function decimal(value: number, digits = FEWEST_DIGITS): string {
  const text = Math.abs(value).toFixed(digits);
  return shown(value, digits) < 0 ? `−${text}` : text;
}

/** A margin or target with all the decimals it was given, at least two: `0.90`, `0.005`. */
export function asGiven(value: number): string {
  return decimal(
    value,
    digitsWhere((digits) => shown(value, digits) === shown(value, MOST_DIGITS)),
  );
}

/** `+0.02`, `−0.01`. */
export function signed(value: number, digits = FEWEST_DIGITS): string {
  const text = decimal(value, digits);
  return text.startsWith('−') ? text : `+${text}`;
}

/** `0.81–0.89`. */
export function range([low, high]: [number, number], digits = FEWEST_DIGITS): string {
  return `${decimal(low, digits)}–${decimal(high, digits)}`;
}

/** `2,400`: the same on every machine, whatever its locale. */
export function whole(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

/** `1 image`, `2,400 images`. */
export function plural(count: number, noun: string): string {
  return `${whole(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** Compute minutes for people: `45 min`, `2 h`, `2 h 05 min`. */
export function minutes(value: number): string {
  const all = Math.round(value);
  if (all < 60) return `${all} min`;
  const rest = all % 60;
  const hours = whole(Math.floor(all / 60));
  return rest === 0 ? `${hours} h` : `${hours} h ${String(rest).padStart(2, '0')} min`;
}

/** Rounded up to two significant digits, for figures that are only estimates: 3,842 → 3,900. */
export function roughly(value: number): number {
  const step = stepOf(value);
  return Math.ceil(value / step) * step;
}

/** The same rounded down, for what is at least so: 3,842 → 3,800. */
export function roughlyAtLeast(value: number): number {
  const step = stepOf(value);
  return Math.floor(value / step) * step;
}

function stepOf(value: number): number {
  return 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, value))) - 1);
}

/**
 * A probability for people: `35 %`, and never a certainty that it is not: `under 1 %`, `over 99 %`. With as many decimals as it takes
 * to stand on its side of a bound that it is held against, both 0–1.
 */
export function percent(probability: number, bound?: number): string {
  const told = (digits: number) => shown(probability * 100, digits);
  const agrees = (digits: number) =>
    bound === undefined || Math.sign(told(digits) - shown(bound * 100, MOST_DIGITS)) === Math.sign(probability - bound);
  const figure = told([0, 1, 2, 3].find(agrees) ?? 4);
  if (figure === 0 && probability > 0) return 'under 1 %';
  if (figure === 100 && probability < 1) return 'over 99 %';
  return `${figure} %`;
}

/** A dial with all the decimals it was given: `65 %`, `12.5 %`. */
export function percentAsGiven(dial: number): string {
  return percent(dial, dial);
}
