/** Answers of the contract have some kilobytes; a service that sends without end must not fill the worker's memory. */
const MAX_ANSWER_BYTES = 32_000_000;

/**
 * The text of an answer.
 * @throws Error with the code `ANSWER_TOO_LARGE` as its cause's, when more than 32 MB come, whatever length was declared.
 */
export async function boundedText(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    bytes += piece.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error('the answer is too large', { cause: { code: 'ANSWER_TOO_LARGE' } });
    pieces.push(piece);
  }
  return new TextDecoder().decode(Buffer.concat(pieces));
}
