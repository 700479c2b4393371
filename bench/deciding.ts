import { decide } from '../decide/decide.ts';
import { FORECAST_DEFAULTS } from '../loop/forecast.ts';
import type { DecisionInput } from '../loop/round.ts';
import type { Ground } from './ground.ts';
import type { Row } from './table.ts';

const TIMES = 25;
const EVALUATION_IMAGES = 600;
const MOST_MS = 50;
const SHORT = 3;
const LONG = 50;

/** What one decision takes, with few rounds and with many; both policies, the band, the shares and the sentence included. */
export async function measureDeciding(ground: Ground): Promise<Row[]> {
  ground.say(`Deciding: ${TIMES} decisions after ${SHORT} and ${LONG} rounds`);
  const [few, many] = [millisecondsOf(inputOf(SHORT)), millisecondsOf(inputOf(LONG))];
  return [
    { measure: `one decision after ${SHORT} rounds, median of ${TIMES}`, value: `${few.toFixed(1)} ms` },
    {
      measure: `one decision after ${LONG} rounds, median of ${TIMES}`,
      value: `${many.toFixed(1)} ms`,
      target: `< ${MOST_MS} ms`,
      met: many < MOST_MS,
    },
    { measure: `${LONG} rounds over ${SHORT}`, value: `${(many / few).toFixed(2)}×` },
  ];
}

function millisecondsOf(input: DecisionInput): number {
  const times = Array.from({ length: TIMES }, () => {
    const before = performance.now();
    decide(input);
    return performance.now() - before;
  });
  return times.sort((a, b) => a - b)[Math.floor(TIMES / 2)] ?? 0;
}

/** A loop of six classes that rises from 0.5 to 0.85, with its verdicts. */
function inputOf(rounds: number): DecisionInput {
  const history = Array.from({ length: rounds }, (_, at) => {
    const right = Math.round(EVALUATION_IMAGES * (0.85 - 0.35 * 0.9 ** at));
    return {
      round: at + 1,
      images: 60 + 30 * at,
      model: `bench-r${at + 1}`,
      metric: right / EVALUATION_IMAGES,
      verdicts: '1'.repeat(right) + '0'.repeat(EVALUATION_IMAGES - right),
    };
  });
  const images = history.at(-1)?.images ?? 0;
  const names = ['animal', 'face', 'flag', 'food', 'person', 'symbol'];
  return {
    round: rounds,
    history,
    settings: {
      metric: 'accuracyTop1',
      target: 0.9,
      claim: 'measured',
      margin: 0.01,
      patience: 3,
      delta: { kind: 'forecast' },
      evaluationImages: EVALUATION_IMAGES,
      collectorExhausted: false,
      policy: 'forecast',
      forecast: FORECAST_DEFAULTS,
    },
    caps: {
      settledMinutes: 60,
      capMinutes: 60_000,
      nextTrainingHours: 1,
      images,
      capImages: 20_000,
      capRounds: rounds + 20,
      deadlinePassed: false,
    },
    perClass: Object.fromEntries(names.map((name) => [name, images / names.length])),
    performance: Object.fromEntries(names.map((name, at) => [name, { value: 0.6 + 0.05 * at, images: 100 }])),
    withoutMetric: 0,
  };
}
