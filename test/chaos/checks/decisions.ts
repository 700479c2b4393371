import { recompute } from '../../../decide/recompute.ts';
import { jsonOrUndefined } from '../../../loop/json.ts';
import { RecordedDecisionSchema } from '../../../loop/recorded-decision.ts';
import type { Evidence, LoopEvidence } from '../evidence.ts';
import { type Checked, ofRounds } from './folder.ts';

/** Invariant 5: from its recorded input every decision is made again, word for word. */
export function decisionsAgain({ loops }: Pick<Evidence, 'loops'>): Checked {
  return { problems: loops.flatMap(decisionsOf), notes: [] };
}

function decisionsOf(loop: LoopEvidence): string[] {
  return ofRounds(loop, 'decision.json').flatMap(({ round, path }) => {
    const value = jsonOrUndefined(loop.files.get(path)?.toString('utf8') ?? '');
    const { data, error } = RecordedDecisionSchema.safeParse(value);
    const where = `the decision of round ${round} of ${loop.name}`;
    if (!data) return [`${where} is not what it should be: ${error?.message ?? ''}`];
    const { same, differences, failure } = recompute(data.input, (value as { decision: unknown }).decision);
    return same ? [] : [`${where} comes out otherwise: ${failure ?? differences.map(({ field }) => field).join(', ')}`];
  });
}
