import { TaskFailure } from '../queue/failure.ts';
import { type Fault, type FaultRule, type FaultRules, FaultRulesSchema } from './schema.ts';

/** Whether a rule hits requests about a model, or its work. */
function isOf({ model, models }: FaultRule['match'], name: string | undefined): boolean {
  if (model !== undefined && model !== name) return false;
  return models === undefined || (name !== undefined && new RegExp(models).test(name));
}

type HttpFault = Exclude<Fault, { kind: 'failure' }>;

/** A request as the rules see it. */
export interface FaultyRequest {
  method: string;
  path: string;
  model: string | undefined;
}

/** Faults that a test asked for, and how many of each are left. Exists only in services that were started with rules. */
export class FaultPlan {
  readonly #rules: { rule: FaultRule; seen: number }[];

  /** @throws {z.ZodError} when the rules make no sense */
  constructor(rules: FaultRules) {
    this.#rules = FaultRulesSchema.parse(rules).map((rule) => ({ rule, seen: 0 }));
  }

  /** The fault that hits this request, if one does. */
  forRequest(request: FaultyRequest): HttpFault | undefined {
    const fault = this.#take(
      ({ match, fault: { kind } }) =>
        kind !== 'failure' &&
        (match.method === undefined || match.method === request.method) &&
        (match.path === undefined || new RegExp(match.path).test(request.path)) &&
        isOf(match, request.model),
    );
    return fault?.kind === 'failure' ? undefined : fault;
  }

  /** @throws {TaskFailure} when the training of this model shall fail */
  failTraining(model: string): void {
    this.#fail('training', model);
  }

  /** @throws {TaskFailure} when this evaluation of the model shall fail */
  failEvaluation(model: string): void {
    this.#fail('evaluation', model);
  }

  #fail(of: 'training' | 'evaluation', model: string): void {
    const fault = this.#take(
      (rule) => rule.fault.kind === 'failure' && rule.fault.of === of && isOf(rule.match, model),
    );
    if (fault?.kind === 'failure') throw new TaskFailure(fault.code, fault.message);
  }

  #take(matches: (rule: FaultRule) => boolean): Fault | undefined {
    for (const entry of this.#rules) {
      if (!matches(entry.rule)) continue;
      const { after, times = Number.POSITIVE_INFINITY, fault } = entry.rule;
      entry.seen += 1;
      if (entry.seen > after && entry.seen <= after + times) return fault;
    }
    return undefined;
  }
}
