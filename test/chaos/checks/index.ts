import type { Evidence } from '../evidence.ts';
import { capsHeld } from './caps.ts';
import { decisionsAgain } from './decisions.ts';
import type { Checked } from './folder.ts';
import { historiesSmall } from './history-size.ts';
import { nothingLost } from './nothing-lost.ts';
import { payOnce } from './pay-once.ts';
import { secretsKept } from './secrets.ts';
import { yardstick } from './yardstick.ts';

/** The seven invariants, in the order of the rules. */
const CHECKS: Record<string, (evidence: Evidence) => Checked> = {
  'pay once': payOnce,
  'nothing lost': nothingLost,
  yardstick,
  caps: capsHeld,
  decisions: decisionsAgain,
  secrets: secretsKept,
  'small histories': historiesSmall,
};

/** Checks all invariants from outside; every problem begins with the one it breaks. Evidence that cannot be read is a problem, too. */
export function checkAll(evidence: Evidence): Checked {
  const all: Checked = { problems: [], notes: [] };
  for (const [name, check] of Object.entries(CHECKS)) {
    const { problems, notes } = attempted(() => check(evidence));
    all.problems.push(...problems.map((problem) => `${name}: ${problem}`));
    all.notes.push(...new Set(notes));
  }
  return all;
}

function attempted(check: () => Checked): Checked {
  try {
    return check();
  } catch (error) {
    return {
      problems: [`the evidence cannot be read: ${error instanceof Error ? error.message : String(error)}`],
      notes: [],
    };
  }
}
