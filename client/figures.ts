/** Compute minutes for people: `45 min`, `2 h`, `2 h 05 min`. */
export function minutes(value: number): string {
  const whole = Math.round(value);
  if (whole < 60) return `${whole} min`;
  const rest = whole % 60;
  return rest === 0 ? `${whole / 60} h` : `${Math.floor(whole / 60)} h ${String(rest).padStart(2, '0')} min`;
}

/** A probability for people: `35 %`, and never a certainty that it is not: `under 1 %`, `over 99 %`. */
export function percent(probability: number): string {
  const whole = Math.round(probability * 100);
  if (whole === 0 && probability > 0) return 'under 1 %';
  if (whole === 100 && probability < 1) return 'over 99 %';
  return `${whole} %`;
}

/** `1,320.00 EUR`; without a currency the number alone. */
export function money(amount: number, currency?: string | null): string {
  const figure = amount.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  return currency ? `${figure} ${currency}` : figure;
}
