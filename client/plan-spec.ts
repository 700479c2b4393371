import { z } from 'zod';
import { FORECAST_DEFAULTS } from '../loop/forecast.ts';
import type { DecisionSettings } from '../loop/round.ts';
import type { LoopSpec } from '../loop/spec.ts';

/** What a plan needs of a spec beside what every spec has. */
export interface PlanDials {
  policy: 'thresholds' | 'forecast';
  delta: DecisionSettings['delta'];
  /** Probabilities, 0–1. */
  forecast: { confidence: number; giveUp: number };
  prices: { image: number; trainingHour: number; currency?: string | undefined } | null;
}

const DialsSchema = z.object({
  policy: z.enum(['thresholds', 'forecast']).default('forecast'),
  delta: z
    .discriminatedUnion('kind', [
      z.object({ kind: z.literal('geometric'), factor: z.number() }),
      z.object({ kind: z.literal('fixed'), imagesPerClass: z.number() }),
      z.object({ kind: z.literal('forecast') }),
    ])
    .optional(),
  forecast: z
    .object({
      confidence: z.number().default(FORECAST_DEFAULTS.confidence),
      giveUp: z.number().default(FORECAST_DEFAULTS.giveUp),
    })
    .prefault({}),
  prices: z.object({ image: z.number(), trainingHour: z.number(), currency: z.string().optional() }).nullish(),
});

const DELTA_OF = { forecast: { kind: 'forecast' }, thresholds: { kind: 'geometric', factor: 1.6 } } as const;

/** Policy, δ and prices of a resolved spec, also of one from before it had them. */
export function planDials(spec: LoopSpec): PlanDials {
  const { policy, delta = DELTA_OF[policy], forecast, prices } = DialsSchema.parse(spec);
  return { policy, delta, forecast, prices: prices ?? null };
}
