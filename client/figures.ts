/** `1,320.00 EUR`; without a currency the number alone. An amount below a hundredth keeps two digits, since it is not nothing. */
export function money(amount: number, currency?: string | null): string {
  const small = amount > 0 && amount < 0.01;
  return withCurrency(small ? Number(amount.toPrecision(2)) : amount, small ? MOST_DECIMALS : 2, currency);
}

/** A price as it was given, with two decimals at least: `0.003 EUR`. */
export function price(amount: number, currency?: string | null): string {
  return withCurrency(amount, MOST_DECIMALS, currency);
}

/** As many as any number is printed with. */
const MOST_DECIMALS = 20;

function withCurrency(amount: number, decimals: number, currency: string | null | undefined): string {
  const figure = amount.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: decimals });
  return currency ? `${figure} ${currency}` : figure;
}
