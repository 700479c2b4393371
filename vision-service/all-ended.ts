/**
 * The results of several pieces of work, in their order, once every one has ended: nothing goes on behind the back of a caller that is
 * told of a failure.
 *
 * @throws what the first that failed threw, by their order
 */
export async function allEnded<T>(work: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
