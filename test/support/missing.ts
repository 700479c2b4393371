/** Those of the parts that a text lacks: a test then names all of them at once. */
export function missingFrom(text: string, parts: readonly string[]): string[] {
  return parts.filter((part) => !text.includes(part));
}
