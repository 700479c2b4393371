import { z } from 'zod';
import { DecisionLineSchema } from '../loop/decision-answer.ts';
import { DecisionRequestSchema } from '../loop/decision-request.ts';

export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** A JSON Schema (draft 2020-12) with a title, of what is written (`input`) or what is read (`output`). */
export function jsonSchemaOf(zod: z.ZodType, { io, title }: { io: 'input' | 'output'; title: string }): JsonSchema {
  const { $schema, ...schema } = z.toJSONSchema(zod, { io });
  return { ...($schema !== undefined && { $schema }), title, ...schema };
}

/** A line that `deltaloop decide` reads; published as `loop/decision-request.schema.json`. */
export function decisionRequestJsonSchema(): JsonSchema {
  return jsonSchemaOf(DecisionRequestSchema, { io: 'input', title: 'deltaloop decide: a request' });
}

/** A line that `deltaloop decide` writes; published as `loop/decision-answer.schema.json`. */
export function decisionLineJsonSchema(): JsonSchema {
  return jsonSchemaOf(DecisionLineSchema, { io: 'output', title: 'deltaloop decide: an answer' });
}
