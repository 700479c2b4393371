/** Characters of the longest line that is read: more than a hundred thousand rounds. */
export const LONGEST_LINE = 10_000_000;

/**
 * The lines of a stream of bytes in UTF-8, without their ends, as soon as each is whole; the last one needs no end. Null stands
 * for a line of more than `longest` characters, of which no more than that is ever kept.
 */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  longest: number = LONGEST_LINE,
): AsyncGenerator<string | null> {
  // Not node:readline, which also breaks lines at U+2028, a character that JSON texts may hold.
  const decoder = new TextDecoder();
  let rest: string | null = '';
  for await (const chunk of chunks) {
    for (const [at, part] of decoder.decode(chunk, { stream: true }).split('\n').entries()) {
      if (at > 0) {
        yield rest;
        rest = '';
      }
      rest = rest === null || rest.length + part.length > longest ? null : rest + part;
    }
  }
  rest = rest === null ? null : rest + decoder.decode();
  if (rest !== '') yield rest;
}
