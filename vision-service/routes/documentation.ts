import { z } from 'zod';
import { ErrorEnvelopeSchema } from '../../vision/contract.ts';

const json = 'application/json';
const patch = 'application/json-patch+json';

/** Query value that every route takes. */
export const ApiVersionQuery = z.object({ 'api-version': z.string() });

/** A path parameter by name, for the OpenAPI document. */
export function named(...parameters: string[]) {
  return z.object(Object.fromEntries(parameters.map((parameter) => [parameter, z.string()])));
}

/** A JSON request body in both content types of the contract. */
export function jsonBody(schema: z.ZodType) {
  return { required: true, content: { [json]: { schema }, [patch]: { schema } } };
}

/** The answers of an operation: the good one, and the errors with their envelope. */
export function answers(good: { status: number; description: string; schema?: z.ZodType }, ...errors: number[]) {
  const content = good.schema === undefined ? {} : { content: { [json]: { schema: good.schema } } };
  const failures = errors.map((status) => [
    status,
    { description: ERROR_TEXTS[status] ?? 'Error', content: { [json]: { schema: ErrorEnvelopeSchema } } },
  ]);
  return { [good.status]: { description: good.description, ...content }, ...Object.fromEntries(failures) };
}

const ERROR_TEXTS: Record<number, string> = {
  400: 'The request does not fit the contract',
  401: 'The key is missing or wrong',
  404: 'There is nothing of that name',
  409: 'The name is taken',
  412: 'The dataset is not the version that If-Match names',
  413: 'The body is too large',
};
