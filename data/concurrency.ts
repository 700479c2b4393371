import pLimit from 'p-limit';

/**
 * Maps over items, at most `atOnce` at a time, and keeps their order. When one fails the rest is not started, and
 * what is running has ended before the error is thrown: nothing goes on behind the caller's back.
 * @throws the first error.
 */
export async function mapAtOnce<T, R>(items: readonly T[], atOnce: number, map: (item: T) => Promise<R>): Promise<R[]> {
  const limit = pLimit({ concurrency: atOnce, rejectOnClear: true });
  const running = items.map((item) => limit(map, item));
  try {
    return await Promise.all(running);
  } catch (error) {
    limit.clearQueue();
    await Promise.allSettled(running);
    throw error;
  }
}
