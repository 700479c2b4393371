/** Compute minutes for people: `45 min`, `2 h`, `2 h 05 min`. */
export function minutes(value: number): string {
  const whole = Math.round(value);
  if (whole < 60) return `${whole} min`;
  const rest = whole % 60;
  return rest === 0 ? `${whole / 60} h` : `${Math.floor(whole / 60)} h ${String(rest).padStart(2, '0')} min`;
}

/**
 * A probability for people: `35 %`, and never a certainty that it is not: `under 1 %`, `over 99 %`. With as many decimals as it takes
 * to stand on its side of a bound that it is held against.
 */
export function percent(probability: number, bound?: number): string {
  const agrees = (digits: number) =>
    bound === undefined || Number((probability * 100).toFixed(digits)) >= bound * 100 === probability >= bound;
  const digits = [0, 1, 2, 3].find(agrees) ?? 4;
  const figure = Number((probability * 100).toFixed(digits));
  if (figure === 0 && probability > 0) return 'under 1 %';
  if (figure === 100 && probability < 1) return 'over 99 %';
  return `${figure} %`;
}

/** `1,320.00 EUR`; without a currency the number alone. */
export function money(amount: number, currency?: string | null): string {
  const figure = amount.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  return currency ? `${figure} ${currency}` : figure;
}
