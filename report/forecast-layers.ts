import type { TopLevelSpec } from 'vega-lite';
import { whole } from '../decide/format.ts';
import { type DrawnCurve, positionOn } from './drawn-curve.ts';

export type Layer = Extract<TopLevelSpec, { layer: object[] }>['layer'][number];

export const FONT_SIZE = 12;
/** Colours follow the page around the picture. */
export const ACCENT = 'var(--accent, #1d5fbf)';
const CAP = 'var(--soft, #59636e)';

export const X = { field: 'images', type: 'quantitative' } as const;
const LOW = { field: 'low', type: 'quantitative' } as const;
const HIGH = { field: 'high' } as const;
const MEDIAN = { field: 'median', type: 'quantitative' } as const;

/** Beneath the measured points: the 80 % band of the forecast with its median. */
export function bandLayers({ band }: DrawnCurve): Layer[] {
  if (band.length === 0) return [];
  const data = { values: band };
  const smooth = { color: ACCENT, interpolate: 'monotone' } as const;
  return [
    { data, mark: { ...smooth, type: 'area', opacity: 0.16 }, encoding: { x: X, y: LOW, y2: HIGH } },
    {
      data,
      mark: { ...smooth, type: 'line', opacity: 0.8, strokeWidth: 1.25, strokeDash: [2, 3] },
      encoding: { x: X, y: MEDIAN },
    },
  ];
}

/** The image cap: a vertical line with its words at the foot, where a rising curve leaves room, on the side that has more of it. */
export function capLayers({ cap, x }: DrawnCurve): Layer[] {
  if (cap === null) return [];
  const data = { values: [{ images: cap }] };
  const left = positionOn(x, cap) > 0.5;
  return [
    { data, mark: { type: 'rule', color: CAP, strokeWidth: 1.5, strokeDash: [1, 3] }, encoding: { x: X } },
    {
      data,
      mark: {
        type: 'text',
        color: CAP,
        align: left ? 'right' : 'left',
        baseline: 'bottom',
        dx: left ? -6 : 6,
        dy: -6,
        fontSize: FONT_SIZE,
        text: `cap ${whole(cap)}`,
      },
      encoding: { x: X, y: { value: 'height' } },
    },
  ];
}

/** Hollow marks above the band: parts of the first round (circles), and the next round where it is expected (a diamond). */
export function hollowLayers({ parts, next }: DrawnCurve): Layer[] {
  const hollow = { type: 'point', filled: false, color: ACCENT, strokeWidth: 1.5, opacity: 1 } as const;
  const layers: Layer[] = [];
  if (parts.length > 0)
    layers.push({
      data: { values: parts },
      mark: { ...hollow, size: 45 },
      encoding: { x: X, y: { field: 'value', type: 'quantitative' } },
    });
  if (next === null) return layers;
  const data = { values: [next] };
  return [
    ...layers,
    { data, mark: { type: 'rule', color: ACCENT, strokeWidth: 1 }, encoding: { x: X, y: LOW, y2: HIGH } },
    { data, mark: { ...hollow, shape: 'diamond', size: 110 }, encoding: { x: X, y: MEDIAN } },
  ];
}
