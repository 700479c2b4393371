/** Loops whose round is remembered at once; the one that was told longest ago goes first. */
const REMEMBERED = 10_000;

/** Which round each loop of this process is in, as its steps told; Temporal's own lines name only the workflow. */
export class Rounds {
  readonly #rounds = new Map<string, number>();

  tell(loop: string, round: number): void {
    this.#rounds.delete(loop);
    this.#rounds.set(loop, round);
    const [oldest] = this.#rounds.keys();
    if (this.#rounds.size > REMEMBERED && oldest !== undefined) this.#rounds.delete(oldest);
  }

  /** Null for a loop that this process has run no step of. */
  of(loop: string): number | null {
    return this.#rounds.get(loop) ?? null;
  }
}

/**
 * The fields that every line about a loop carries: `loop`, `round` (0 while it prepares; null where this process does
 * not know it yet) and `activity` (null for a line of the loop itself). Nothing for a line about no loop.
 */
export function loopFields(meta: Readonly<Record<string, unknown>>, rounds: Rounds): Record<string, unknown> {
  // Temporal's core spells it the other way.
  const loop = meta['workflowId'] ?? meta['workflow_id'];
  if (typeof loop !== 'string' || loop === '') return {};
  const activity = meta['activityType'] ?? meta['activity_type'] ?? null;
  const round = typeof meta['round'] === 'number' ? meta['round'] : rounds.of(loop);
  return { loop, round, activity };
}
