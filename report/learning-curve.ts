import type { TopLevelSpec } from 'vega-lite';
import { wilsonInterval } from '../decide/binomial.ts';
import { asGiven, decimal, whole } from '../decide/format.ts';
import type { RoundRecord } from '../loop/round.ts';

export interface LearningCurve {
  rounds: RoundRecord[];
  /** Name of the metric; its values are 0–1. */
  metric: string;
  target: number | null;
  /** Images of the evaluation set; null for the hold-out metric, which is drawn without bars. */
  evaluationImages: number | null;
  /** The round whose model is recommended; null when none is. */
  recommendedRound: number | null;
  /** 95 % intervals, 0–1, by round; Wilson's where a round is not named. */
  intervals?: ReadonlyMap<number, [number, number]>;
}

interface DrawnPoint {
  images: number;
  value: number;
  low: number;
  high: number;
  recommended: boolean;
}

type Layer = Extract<TopLevelSpec, { layer: object[] }>['layer'][number];

const FONT_SIZE = 12;
/** Rounds whose sizes are written on the axis one by one. */
const MOST_LABELS = 10;
const HEIGHT_OF_WIDTH = 0.56;
const LEAST_HEIGHT = 260;
/** From this growth on, rounds of geometric growth crowd at the left of a linear axis. */
const LOG_FROM = 4;
const ACCENT = 'var(--accent, #1d5fbf)';
const TARGET = 'var(--target, #b4440f)';
const INK = 'currentColor';

function drawnPoints({ rounds, evaluationImages, recommendedRound, intervals }: LearningCurve): DrawnPoint[] {
  return rounds.flatMap(({ round, images, metric }) => {
    if (metric === null) return [];
    const known =
      intervals?.get(round) ??
      (evaluationImages === null ? [metric, metric] : wilsonInterval(metric, evaluationImages));
    const [low, high] = known;
    return [{ images, value: metric, low, high, recommended: round === recommendedRound }];
  });
}

/** Whole steps of 0.05 around all that is drawn, inside 0–1. */
function valueDomain(points: DrawnPoint[], target: number | null): [number, number] {
  const values = [...points.flatMap(({ low, high }) => [low, high]), ...(target === null ? [] : [target])];
  const low = Math.floor(Math.min(...values) * 20 - 0.4) / 20;
  const high = Math.ceil(Math.max(...values) * 20 + 0.4) / 20;
  return [Math.max(0, low), Math.min(1, high)];
}

function imageScale(points: DrawnPoint[]): { type: 'log' | 'linear'; domain: [number, number]; zero?: false } {
  const images = points.map((point) => point.images);
  const [least, most] = [Math.min(...images), Math.max(...images)];
  if (most / Math.max(1, least) >= LOG_FROM) return { type: 'log', domain: [least / 1.15, most * 1.15] };
  const room = Math.max(1, (most - least) * 0.08);
  return { type: 'linear', zero: false, domain: [Math.max(0, least - room), most + room] };
}

const X = { field: 'images', type: 'quantitative' } as const;
const Y = { field: 'value', type: 'quantitative' } as const;

function targetLayers(target: number | null): Layer[] {
  if (target === null) return [];
  const y = { datum: target };
  const once = { data: { values: [{}] } };
  const text = `target ${asGiven(target)}`;
  return [
    { ...once, mark: { type: 'rule', color: TARGET, strokeDash: [6, 4], strokeWidth: 1.5 }, encoding: { y } },
    {
      ...once,
      mark: {
        type: 'text',
        color: TARGET,
        align: 'left',
        baseline: 'bottom',
        dx: 6,
        dy: -3,
        fontSize: FONT_SIZE,
        text,
      },
      encoding: { x: { value: 0 }, y },
    },
  ];
}

function barLayers(evaluationImages: number | null): Layer[] {
  if (evaluationImages === null) return [];
  const low = { field: 'low', type: 'quantitative' } as const;
  const high = { field: 'high', type: 'quantitative' } as const;
  const cap = { type: 'tick', color: ACCENT, width: 9, thickness: 1.5 } as const;
  return [
    { mark: { type: 'rule', color: ACCENT, strokeWidth: 1.5 }, encoding: { x: X, y: low, y2: { field: 'high' } } },
    { mark: { ...cap, orient: 'horizontal' }, encoding: { x: X, y: low } },
    { mark: { ...cap, orient: 'horizontal' }, encoding: { x: X, y: high } },
  ];
}

function pointLayers(): Layer[] {
  const ring = { type: 'point', size: 190, color: INK, strokeWidth: 1.75, opacity: 1 } as const;
  return [
    { mark: { type: 'point', filled: true, size: 55, color: ACCENT, opacity: 1 }, encoding: { x: X, y: Y } },
    { transform: [{ filter: 'datum.recommended' }], mark: ring, encoding: { x: X, y: Y } },
  ];
}

/** The line through the points; it also carries the axes, which, shared by all layers, would repeat the target for every point. */
function lineLayer(curve: LearningCurve, points: DrawnPoint[]): Layer {
  const sizes = [...new Set(points.map(({ images }) => images))];
  const ticks = sizes.length <= MOST_LABELS ? { values: sizes } : { tickCount: MOST_LABELS };
  const metric = curve.evaluationImages === null ? `${curve.metric} (hold-out)` : curve.metric;
  return {
    mark: { type: 'line', color: ACCENT, opacity: 0.4, strokeWidth: 1.5 },
    encoding: {
      x: {
        ...X,
        scale: { ...imageScale(points), nice: false },
        axis: { title: 'training images', ...ticks, format: ',d', labelOverlap: 'greedy', grid: false },
      },
      y: {
        ...Y,
        scale: { domain: valueDomain(points, curve.target), nice: false, zero: false },
        axis: { title: metric, format: '.2f', tickCount: 6, grid: true },
      },
    },
  };
}

function chart(curve: LearningCurve, points: DrawnPoint[], width: number): TopLevelSpec {
  const ink = {
    domainColor: INK,
    domainOpacity: 0.5,
    tickColor: INK,
    tickOpacity: 0.5,
    labelColor: INK,
    titleColor: INK,
  };
  const type = { labelFontSize: FONT_SIZE, titleFontSize: FONT_SIZE, titleFontWeight: 'normal' } as const;
  return {
    width,
    height: Math.round(Math.max(LEAST_HEIGHT, width * HEIGHT_OF_WIDTH)),
    autosize: { type: 'fit', contains: 'padding' },
    background: 'transparent',
    data: { values: points },
    layer: [
      ...targetLayers(curve.target),
      lineLayer(curve, points),
      ...barLayers(curve.evaluationImages),
      ...pointLayers(),
    ],
    config: {
      font: 'system-ui, sans-serif',
      view: { stroke: null },
      axis: { ...ink, ...type, gridColor: INK, gridOpacity: 0.13 },
    },
  };
}

/** The curve in words, for readers who do not see it. */
export function curveInWords(curve: LearningCurve): string {
  const points = drawnPoints(curve).map(({ images, value }) => `${decimal(value)} at ${whole(images)}`);
  const target = curve.target === null ? '' : `; target ${asGiven(curve.target)}`;
  return `Learning curve: ${curve.metric} by training images: ${points.join(', ')}${target}.`;
}

/**
 * The learning curve as an SVG of `width` pixels: one point a round with its 95 % bars, the target as a dashed line, a ring around
 * the recommended round; x, the total of training images, is logarithmic from fourfold growth on. Colours follow the page around it
 * (`currentColor`, `--accent`, `--target`). Null when no round has a metric.
 */
export async function learningCurveSvg(curve: LearningCurve, width = 720): Promise<string | null> {
  const points = drawnPoints(curve);
  if (points.length === 0) return null;
  // Loaded when first asked for: it would add a third of a second to the start of every worker.
  const [vega, vegaLite] = await Promise.all([import('vega'), import('vega-lite')]);
  const { spec } = vegaLite.compile(chart(curve, points, width));
  const view = new vega.View(vega.parse(spec), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}
