import type { TopLevelSpec } from 'vega-lite';
import { asGiven } from '../decide/format.ts';
import { axisSizes, type DrawnCurve, drawnCurve, type LearningCurve, positionOn, valueOn } from './drawn-curve.ts';
import { ACCENT, bandLayers, capLayers, FONT_SIZE, hollowLayers, type Layer, X } from './forecast-layers.ts';
import { marked } from './outcome-words.ts';

/** Sizes that are written on the axis one by one. */
const MOST_LABELS = 10;
const HEIGHT_OF_WIDTH = 0.56;
const LEAST_HEIGHT = 260;
const TARGET = 'var(--target, #b4440f)';
const INK = 'currentColor';
const Y = { field: 'value', type: 'quantitative' } as const;

/** Shares of the width at which the words of the target may begin, the usual first, and about how much room they take. */
const LABEL_STARTS = [0, 0.36, 0.7];
const LABEL_WIDTH = 0.3;
const LABEL_HEIGHT = 0.08;

/** The first place along the target where no mark and no cap stands under its words. */
function labelStart({ points, parts, next, cap, x, y }: DrawnCurve, target: number): number {
  const foot = positionOn(y, target);
  const marks = [
    ...points,
    ...parts.map(({ images, value }) => ({ images, low: value, high: value })),
    ...(next ? [next] : []),
    ...(cap === null ? [] : [{ images: cap, low: 0, high: 1 }]),
  ].filter(({ low, high }) => positionOn(y, high) >= foot && positionOn(y, low) <= foot + LABEL_HEIGHT);
  const places = marks.map(({ images }) => positionOn(x, images));
  const isFree = (start: number) => places.every((place) => place < start || place > start + LABEL_WIDTH);
  return LABEL_STARTS.find(isFree) ?? 0;
}

function targetLayers(drawn: DrawnCurve): Layer[] {
  const { target, x } = drawn;
  if (target === null) return [];
  const y = { datum: target };
  const once = { data: { values: [{}] } };
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
        text: `target ${asGiven(target)}`,
      },
      encoding: { x: { datum: valueOn(x, labelStart(drawn, target)), type: 'quantitative' }, y },
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
function lineLayer(curve: LearningCurve, drawn: DrawnCurve): Layer {
  const { x, y } = drawn;
  const sizes = axisSizes(drawn);
  const ticks = sizes.length <= MOST_LABELS ? { values: sizes } : { tickCount: MOST_LABELS };
  const metric = marked(curve.metric, curve.evaluationImages === null);
  return {
    mark: { type: 'line', color: ACCENT, opacity: 0.4, strokeWidth: 1.5 },
    encoding: {
      x: {
        ...X,
        scale: { ...x, nice: false, ...(x.type === 'linear' && { zero: false }) },
        axis: {
          title: `training images${x.type === 'log' ? ' (log scale)' : ''}`,
          ...ticks,
          format: ',d',
          labelOverlap: 'greedy',
          grid: false,
        },
      },
      y: {
        ...Y,
        scale: { domain: y.domain, nice: false, zero: false },
        axis: { title: metric, format: '.2f', tickCount: 6, grid: true },
      },
    },
  };
}

function chart(curve: LearningCurve, drawn: DrawnCurve, width: number): TopLevelSpec {
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
    data: { values: drawn.points },
    layer: [
      ...bandLayers(drawn),
      ...capLayers(drawn),
      ...targetLayers(drawn),
      lineLayer(curve, drawn),
      ...barLayers(curve.evaluationImages),
      ...hollowLayers(drawn),
      ...pointLayers(),
    ],
    config: {
      font: 'system-ui, sans-serif',
      view: { stroke: null },
      axis: { ...ink, ...type, gridColor: INK, gridOpacity: 0.13 },
    },
  };
}

/**
 * The learning curve as an SVG of `width` pixels: one point a round with its 95 % bars, hollow ones for parts of the first round,
 * the forecast with its 80 % band, the next round as a diamond, target and image cap as lines, a ring around the recommended round; x,
 * the total of training images, is logarithmic from fourfold growth on. Colours follow the page around it (`currentColor`, `--accent`,
 * `--target`, `--soft`). Null when no round has a metric.
 */
export async function learningCurveSvg(curve: LearningCurve, width = 720): Promise<string | null> {
  const drawn = drawnCurve(curve);
  if (drawn === null) return null;
  // Loaded when first asked for: it would add a third of a second to the start of every worker.
  const [vega, vegaLite] = await Promise.all([import('vega'), import('vega-lite')]);
  const { spec } = vegaLite.compile(chart(curve, drawn, width));
  const view = new vega.View(vega.parse(spec), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}
