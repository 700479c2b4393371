import { z } from 'zod';
import type { DecisionAnswer } from './decision-request.ts';
import { OUTCOMES } from './outcome.ts';

const Id = z.union([z.string(), z.number()]).exactOptional().describe('As in the request.');

/** `DecisionAnswer` as a schema, to be published. */
const AnswerSchema = z.strictObject({
  id: Id,
  action: z
    .enum(['claim', 'grow', 'give-up', 'stop'])
    .describe('claim: the target is met; grow: collect up to nextImages; give-up: out of reach; stop: anything else.'),
  outcome: z.enum(OUTCOMES).nullable().describe('Null when growing.'),
  nextImages: z
    .number()
    .int()
    .nullable()
    .describe('Training images of the next round, all classes together; null unless growing.'),
  probabilities: z
    .strictObject({ claim: z.number(), grow: z.number(), giveUp: z.number() })
    .nullable()
    .describe(
      'Target met now, later within the caps, or out of reach; they add up to 1. Null without a target or metric.',
    ),
  sentence: z.string(),
  warnings: z.array(z.string()),
}) satisfies z.ZodType<DecisionAnswer>;

/** One line that stands in the place of an answer when the request cannot be understood. */
const RefusedRequestSchema = z.strictObject({
  id: Id,
  error: z.strictObject({
    line: z.number().int().min(1).describe('Line of the input, from 1; blank lines count.'),
    problems: z
      .array(
        z.strictObject({
          path: z.string().describe('Such as settings.target; empty: the whole line.'),
          message: z.string(),
        }),
      )
      .min(1),
  }),
});
export type RefusedRequest = z.output<typeof RefusedRequestSchema>;

/** What `deltaloop decide` writes: one line for each request, in order. */
export const DecisionLineSchema = z.union([AnswerSchema, RefusedRequestSchema]);

export type DecisionLine = DecisionAnswer | RefusedRequest;
