import { join } from 'node:path';
import { z } from 'zod';
import type { ViewName } from '../vision-service/backbones/views.ts';
import { topKAccuracy } from '../vision-service/metrics/classification.ts';
import { predictScores } from '../vision-service/training/classifier.ts';
import { hashedNumber } from '../vision-service/training/random.ts';
import { trainClassifier } from '../vision-service/training/train-classifier.ts';
import {
  DIGITS_PACKAGE,
  digitSet,
  type EmbeddedSet,
  Embedder,
  emojiSet,
  fashionSet,
  type ImageSet,
  partOf,
  someOfEach,
  writeRows,
} from './embedded-sets.ts';
import type { Ground } from './ground.ts';
import { type PythonPeers, withPythonPeers } from './python.ts';
import type { Row } from './table.ts';

const SHOTS = [2, 3, 5, 10, 50];
const SEEDS = 20;
/**
 * Images of each class of digits and clothes to draw from, and to test on; they come in no order. The drawings come in that of their
 * kinds (all flags of one letter, all faces of one mood), so that only the whole pool is like what is tested on.
 */
const POOL = 80;
const TEST = 100;
const AN_HOUR_MS = 3_600_000;
const WHAT = 'few-shot accuracy against scikit-learn and the nearest neighbour';

/** Points of accuracy that the mean over the data sets must gain. */
const mostOverLogistic = (shots: number) => (shots < 50 ? 1 : 0.5);
const OVER_NEIGHBOUR = 5;
const WORST_SET = -0.5;

interface FewShotSet {
  name: string;
  pool: EmbeddedSet;
  views: ReadonlyMap<ViewName, Float32Array[]>;
  test: EmbeddedSet;
}

interface Draw {
  set: FewShotSet;
  shots: number;
  positions: number[];
}

const ScoresSchema = z.array(z.object({ logistic: z.number(), neighbour: z.number() }));

/** Top-1 accuracy of the service's own training at a few images a class, on the same draws as the peers. */
export async function measureFewShot(ground: Ground): Promise<Row[]> {
  const packages = ['numpy==2.4.6', 'scikit-learn==1.9.1'];
  const options = { what: WHAT, say: ground.say, packages, dataOnly: [DIGITS_PACKAGE] };
  return withPythonPeers(options, async (peers) => {
    const sets = await embeddedSets(ground, peers);
    const draws = sets.flatMap(drawsOf);
    ground.say(`Few-shot: ${draws.length} trainings of ${sets.map(({ name }) => name).join(', ')}`);
    const own: number[] = [];
    for (const draw of draws) own.push(await accuracyOf(draw));
    ground.say('Few-shot: the same with scikit-learn');
    const theirs = ScoresSchema.parse(await peers.run('few_shot.py', await inputOf(peers, sets), { threads: 1 }));
    const gains = draws.map((draw, i) => gainOf(draw, own[i], theirs[i]));
    return SHOTS.flatMap((shots) =>
      rowsOf(
        shots,
        gains.filter((gain) => gain.shots === shots),
      ),
    );
  });
}

async function embeddedSets(ground: Ground, peers: PythonPeers): Promise<FewShotSet[]> {
  const digits = await digitSet(peers);
  const first = (set: ImageSet, perClass: number) => partOf(set, someOfEach(set.labels, perClass));
  const sources: [string, ImageSet, ImageSet][] = [
    ['emoji', await emojiSet(ground, 'pool'), await emojiSet(ground, 'evaluation')],
    [
      'clothes',
      first(await fashionSet(ground, 'train', 5000), POOL),
      first(await fashionSet(ground, 't10k', 2000), TEST),
    ],
    ['digits', first(digits, POOL), partOf(digits, someOfEach(digits.labels, TEST, 'last'))],
  ];
  const embedder = await Embedder.open(ground);
  try {
    const sets: FewShotSet[] = [];
    for (const [name, pool, test] of sources) {
      ground.say(`Few-shot: embedding ${name} and their views`);
      sets.push({
        name,
        pool: await embedder.embed(pool),
        views: await embedder.views(pool),
        test: await embedder.embed(test),
      });
    }
    return sets;
  } finally {
    await embedder.close();
  }
}

/** The same draws for everybody, by seed. */
function drawsOf(set: FewShotSet): Draw[] {
  const seeds = [...Array(SEEDS).keys()];
  return SHOTS.flatMap((shots) => seeds.map((seed) => ({ set, shots, positions: drawn(set, shots, seed) })));
}

function drawn({ name, pool }: FewShotSet, shots: number, seed: number): number[] {
  const order = (position: number) => hashedNumber(name, seed, position);
  const byClass = Map.groupBy(pool.labels.keys(), (position) => pool.labels[position] ?? -1);
  return [...byClass.values()].flatMap((own) => own.sort((a, b) => order(a) - order(b)).slice(0, shots));
}

/** The whole of what a training of the service does, search and all; only the views are embedded beforehand. */
async function accuracyOf({ set, positions }: Draw): Promise<number> {
  const { pool, views, test } = set;
  const some = <T>(all: readonly T[] = []) => positions.flatMap((position) => all[position] ?? []);
  const { classifier } = await trainClassifier({
    features: some(pool.features),
    labels: some(pool.labels),
    ...(pool.groups && { groups: some(pool.groups) }),
    classes: [...new Set(pool.labels)].sort((a, b) => a - b).map(String),
    views: (view) => Promise.resolve(some(views.get(view))),
    seed: 1,
    budgetMs: AN_HOUR_MS,
  });
  return topKAccuracy(predictScores(classifier, test.features), test.labels, 1);
}

async function inputOf({ folder }: PythonPeers, sets: readonly FewShotSet[]): Promise<unknown> {
  const written = (name: string, { features, labels }: EmbeddedSet) =>
    writeRows(join(folder, `${name}.f32`), features).then((rows) => ({ rows, labels }));
  const parts = sets.map(async (set) => ({
    pool: await written(`${set.name}-pool`, set.pool),
    test: await written(`${set.name}-test`, set.test),
    draws: drawsOf(set).map(({ positions }) => positions),
  }));
  return { sets: await Promise.all(parts) };
}

interface Gain {
  set: string;
  shots: number;
  /** Top-1 accuracy and what it gains, points. */
  own: number;
  overLogistic: number;
  overNeighbour: number;
}

function gainOf(
  { set, shots }: Draw,
  own = Number.NaN,
  theirs = { logistic: Number.NaN, neighbour: Number.NaN },
): Gain {
  const points = (value: number) => 100 * value;
  return {
    set: set.name,
    shots,
    own: points(own),
    overLogistic: points(own - theirs.logistic),
    overNeighbour: points(own - theirs.neighbour),
  };
}

function rowsOf(shots: number, gains: readonly Gain[]): Row[] {
  const bySet = [...Map.groupBy(gains, ({ set }) => set)];
  const means = (of: (gain: Gain) => number) => bySet.map(([name, own]) => ({ name, mean: mean(own.map(of)) }));
  const logistic = means(({ overLogistic }) => overLogistic);
  const neighbour = means(({ overNeighbour }) => overNeighbour);
  const worst = Math.min(...logistic.map((one) => one.mean));
  const list = logistic.map((one) => `${one.name} ${signed(one.mean)}`).join(', ');
  const own = means((gain) => gain.own).map((one) => `${one.name} ${one.mean.toFixed(1)}`);
  const most = mostOverLogistic(shots);
  const overall = mean(logistic.map((one) => one.mean));
  const overNeighbour = mean(neighbour.map((one) => one.mean));
  return [
    {
      measure: `top-1 at ${shots} images a class, mean of ${SEEDS} draws (${own.join(', ')}): points over LogisticRegression`,
      value: `${signed(overall)} (${list})`,
      target: `≥ ${signed(most)}, no set below ${WORST_SET}`,
      met: overall >= most && worst >= WORST_SET,
    },
    {
      measure: `the same: points over the nearest neighbour`,
      value: signed(overNeighbour),
      target: `≥ ${signed(OVER_NEIGHBOUR)}`,
      met: overNeighbour >= OVER_NEIGHBOUR,
    },
  ];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)}`;
}
