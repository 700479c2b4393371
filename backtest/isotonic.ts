interface Block {
  sum: number;
  count: number;
}

/**
 * The non-decreasing sequence nearest to `values` in least squares (pool adjacent violators, every value of weight 1). The mean is
 * kept, and a sequence that never falls comes back as it is.
 */
export function isotonic(values: readonly number[]): number[] {
  const blocks: Block[] = [];
  for (const value of values) {
    let block = { sum: value, count: 1 };
    for (let last = blocks.at(-1); last && meanOf(last) >= meanOf(block); last = blocks.at(-1)) {
      block = { sum: last.sum + block.sum, count: last.count + block.count };
      blocks.pop();
    }
    blocks.push(block);
  }
  return blocks.flatMap((block) => Array<number>(block.count).fill(meanOf(block)));
}

function meanOf({ sum, count }: Block): number {
  return sum / count;
}
