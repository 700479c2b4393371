import { decide, decisionInWords } from '../../decide/decide.ts';
import { outcomeSentence } from '../../decide/outcome-sentence.ts';
import { recommend } from '../../decide/recommend.ts';
import { startWarnings } from '../../decide/warnings.ts';
import type { CurvePoint, Decision, DecisionSettings, RoundRecord } from '../../loop/round.ts';
import type { ReportData, Thumbnail } from '../../report/report-data.ts';

const CLASSES = ['animal', 'face', 'flag', 'food', 'person', 'symbol'];
const SIZES = [3, 5, 8, 13, 21, 34];
const METRICS = [0.612, 0.68, 0.742, 0.785, 0.803, 0.857];

const SETTINGS: DecisionSettings = {
  metric: 'accuracyTop1',
  target: 0.84,
  claim: 'measured',
  margin: 0.01,
  patience: 3,
  delta: { kind: 'geometric', factor: 1.6 },
  evaluationImages: 600,
  collectorExhausted: false,
};

const HISTORY: CurvePoint[] = METRICS.map((metric, index) => ({
  round: index + 1,
  images: (SIZES[index] ?? 0) * CLASSES.length,
  model: `emoji-r${index + 1}-4f1c09ab-1`,
  metric,
  verdicts: null,
}));

function decisionOf(round: number): Decision {
  const { images = 0 } = HISTORY[round - 1] ?? {};
  return decide({
    round,
    history: HISTORY.slice(0, round),
    settings: SETTINGS,
    caps: {
      settledMinutes: round,
      capMinutes: 1440,
      nextTrainingHours: 1,
      images,
      capImages: null,
      capRounds: 20,
      deadlinePassed: false,
    },
    withoutMetric: 0,
    perClass: Object.fromEntries(CLASSES.map((name) => [name, SIZES[round - 1] ?? 0])),
  });
}

function recordOf(decision: Decision): RoundRecord {
  const now = HISTORY[decision.round - 1];
  const before = HISTORY[decision.round - 2];
  const each = SIZES[decision.round - 1] ?? 0;
  return {
    round: decision.round,
    images: now?.images ?? 0,
    newImages: (now?.images ?? 0) - (before?.images ?? 0),
    perClass: [each, each],
    model: now?.model ?? null,
    metric: decision.metric,
    noise: decision.noise,
    gain: decision.gain,
    comparedWith: decision.comparedWith,
    billedMinutes: 1,
    action: decision.action,
    decision: decisionInWords(decision),
  };
}

const DECISIONS = HISTORY.map(({ round }) => decisionOf(round));
export const ROUNDS: RoundRecord[] = DECISIONS.map(recordOf);

/** A picture of one pixel. */
export const PIXEL: Thumbnail = {
  src: 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7',
  className: 'animal',
  caption: '',
};

/** The report of a loop of six rounds that reached its target, as the deciding code tells it. */
export function exampleReport(): ReportData {
  const recommended = recommend(HISTORY, SETTINGS);
  const facts = {
    metric: SETTINGS.metric,
    target: SETTINGS.target,
    patience: 3,
    policy: 'thresholds' as const,
    margin: SETTINGS.margin,
    history: HISTORY,
    recommended,
    rounds: 6,
    images: 204,
  };
  const caps = { capMinutes: 1440, capImages: null, capRounds: 20 };
  const sentence = outcomeSentence({ ...facts, outcome: 'target-reached', billedMinutes: 6, caps });
  return {
    loop: 'emoji',
    title: 'Sort drawings into six groups',
    task: 'classification',
    metric: SETTINGS.metric,
    target: SETTINGS.target,
    margin: SETTINGS.margin,
    patience: SETTINGS.patience,
    evaluationImages: SETTINGS.evaluationImages,
    capImages: null,
    subsets: [],
    journal: [],
    result: {
      schemaVersion: 1,
      loop: 'emoji',
      outcome: 'target-reached',
      sentence,
      recommended,
      rounds: 6,
      images: 204,
      billedMinutes: 6,
      unusedImages: 0,
      endedAt: '2026-11-23T14:00:00Z',
    },
    rounds: ROUNDS,
    decisions: DECISIONS,
    classes: CLASSES.map((name) => ({ name, training: 34, evaluation: 100 })),
    warnings: startWarnings(SETTINGS, false),
    findings: [
      {
        round: 2,
        finding: {
          severity: 'warning',
          code: 'duplicate-exact',
          where: 'food/1f35e.png',
          message: 'The same picture as food/1f956.png; one of them was left out.',
          fix: 'Nothing to do; remove one of the two from the pool to be rid of this warning.',
        },
      },
    ],
    drawn: [1, 2].map((round) => ({ round, images: CLASSES.map((className) => ({ ...PIXEL, className })) })),
    mistakes: [{ ...PIXEL, className: 'symbol', caption: 'predicted flag (0.61)' }],
    files: [
      { what: 'resolved spec', path: 'spec.json', sha256: 'a'.repeat(64) },
      { what: 'images drawn in round 1', path: 'rounds/1/draw.json', sha256: 'b'.repeat(64) },
    ],
    commands: ['npx deltaloop start emoji.yaml --watch'],
    asOf: '2026-11-23T14:00:00Z',
  };
}
