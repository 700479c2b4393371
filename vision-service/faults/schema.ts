import { z } from 'zod';

const RegexSchema = z.string().refine((text) => {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}, 'is no regular expression');

/** Which requests, or which model's work, a fault hits. What is left out matches everything. */
const MatchSchema = z.strictObject({
  method: z.enum(['GET', 'PUT', 'POST', 'PATCH', 'DELETE']).optional(),
  /** Matched against the path, which has no query. */
  path: RegexSchema.optional(),
  /** Name of a model: in the path, or as `model-name`. */
  model: z.string().optional(),
  /** A pattern that such a name fits. */
  models: RegexSchema.optional(),
});

const FaultSchema = z.discriminatedUnion('kind', [
  /** The answer comes late. */
  z.strictObject({ kind: z.literal('latency'), ms: z.int().min(1).max(600_000) }),
  /** 429 with `Retry-After`. */
  z.strictObject({ kind: z.literal('throttle'), retryAfterSeconds: z.int().min(0).max(3600) }),
  /** A 5xx with the error envelope. */
  z.strictObject({ kind: z.literal('error'), status: z.int().min(500).max(599).default(500) }),
  /** The connection is reset: before the request is looked at, or after it was done and before it is answered. */
  z.strictObject({ kind: z.literal('reset'), when: z.enum(['before', 'after']).default('before') }),
  /** The request is done; its answer is cut in the middle. */
  z.strictObject({ kind: z.literal('truncate') }),
  /** The training or evaluations of the matched model fail with this code. */
  z.strictObject({
    kind: z.literal('failure'),
    of: z.enum(['training', 'evaluation']),
    code: z.string().min(1),
    message: z.string().default('A fault on demand.'),
  }),
]);
export type Fault = z.output<typeof FaultSchema>;

/** One rule: what it matches, how many of those it hits, and after how many that it lets through. */
const FaultRuleSchema = z.strictObject({
  match: MatchSchema.default({}),
  /** How many it hits; all of them if not given. */
  times: z.int().min(1).optional(),
  /** How many it lets through before. */
  after: z.int().min(0).default(0),
  fault: FaultSchema,
});
export type FaultRule = z.output<typeof FaultRuleSchema>;

/** The rules of a service under test; the first one that hits is the one that counts. */
export const FaultRulesSchema = z.array(FaultRuleSchema);
/** The rules as a test writes them. */
export type FaultRules = z.input<typeof FaultRulesSchema>;
