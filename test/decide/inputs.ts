import type { CapsState, CurvePoint, DecisionInput, DecisionSettings } from '../../loop/round.ts';

export const SETTINGS: DecisionSettings = {
  metric: 'accuracyTop1',
  target: 0.95,
  claim: 'measured',
  margin: 0.01,
  patience: 3,
  delta: { kind: 'geometric', factor: 1.6 },
  evaluationImages: 240,
  collectorExhausted: false,
};

const CAPS: CapsState = {
  settledMinutes: 10,
  capMinutes: 1440,
  nextTrainingHours: 1,
  images: 48,
  capImages: null,
  capRounds: 20,
  deadlinePassed: false,
};

/** Points of rounds 1, 2, 3, … with these metrics, and verdicts where given. */
export function points(metrics: number[], verdicts: (string | null)[] = []): CurvePoint[] {
  return metrics.map((metric, index) => ({
    round: index + 1,
    images: 18 * (index + 1),
    model: `loop-r${index + 1}-abc-1`,
    metric,
    verdicts: verdicts[index] ?? null,
  }));
}

export interface Changes {
  history?: CurvePoint[];
  round?: number;
  settings?: Partial<DecisionSettings>;
  caps?: Partial<CapsState>;
  perClass?: Record<string, number>;
  withoutMetric?: number;
}

/** A plain input (six classes of eight images, no cap near), with what the test changes. */
export function input({
  history = points([0.8]),
  round,
  settings,
  caps,
  perClass,
  withoutMetric = 0,
}: Changes = {}): DecisionInput {
  return {
    round: round ?? history.at(-1)?.round ?? 1,
    history,
    settings: { ...SETTINGS, ...settings },
    caps: { ...CAPS, ...caps },
    withoutMetric,
    perClass: perClass ?? { animal: 8, face: 8, flag: 8, food: 8, person: 8, symbol: 8 },
  };
}

/** Two verdict strings on `size` images: `both` right in both, `better` only in the second, `worse` only in the first. */
export function verdictPair(
  size: number,
  { better, worse, both }: { better: number; worse: number; both: number },
): [string, string] {
  const rest = size - better - worse - both;
  return [
    '0'.repeat(better) + '1'.repeat(worse) + '1'.repeat(both) + '0'.repeat(rest),
    '1'.repeat(better) + '0'.repeat(worse) + '1'.repeat(both) + '0'.repeat(rest),
  ];
}
