import { z } from 'zod';
import type { DecisionLine, RefusedRequest } from '../loop/decision-answer.ts';
import { type DecisionAnswer, type DecisionRequest, DecisionRequestSchema } from '../loop/decision-request.ts';
import { shapeProblem } from '../loop/shape.ts';
import type { SpecProblem } from './dial-problems.ts';
import { decisionRequestJsonSchema } from './json-schemas.ts';
import { requestContradictions } from './request-contradictions.ts';
import { schemaProblems } from './spec-problems.ts';

export type Answer = (request: DecisionRequest) => DecisionAnswer;

/** What became of a stream of requests. */
export interface DecideSummary {
  answered: number;
  /** Lines of the input, from 1, that were not understood. */
  refused: number[];
}

/**
 * Answers every line that is not blank, in order, each as soon as it came; a line that is no request is answered with all its
 * problems, and the others go on.
 * @param write takes one line of output and resolves when the next may follow
 */
export async function answerLines(
  lines: AsyncIterable<string>,
  answer: Answer,
  write: (line: string) => Promise<void>,
): Promise<DecideSummary> {
  const summary: DecideSummary = { answered: 0, refused: [] };
  let number = 0;
  for await (const line of lines) {
    number += 1;
    if (line.trim() === '') continue;
    const said = answerLine(line, number, answer);
    if ('error' in said) summary.refused.push(number);
    else summary.answered += 1;
    await write(JSON.stringify(said));
  }
  return summary;
}

/** The answer to one line, or everything that is wrong with it. */
export function answerLine(line: string, number: number, answer: Answer): DecisionLine {
  const document = parseJson(line);
  if (document instanceof SyntaxError)
    return refused(number, [{ path: [], message: `is not JSON: ${document.message}` }]);
  const odd = shapeProblem(document);
  if (odd !== undefined) return refused(number, [{ path: [], message: odd }]);
  if (!isGroup(document)) return refused(number, [{ path: [], message: noRequest(line) }]);
  const parsed = DecisionRequestSchema.safeParse(document);
  const shape = parsed.success ? [] : schemaProblems(parsed.error, { document, schema: decisionRequestJsonSchema });
  const problems = [...shape, ...requestContradictions(document)];
  if (parsed.success && problems.length === 0) return answer(parsed.data);
  return { ...idOf(document), ...refused(number, problems) };
}

function refused(line: number, problems: SpecProblem[]): RefusedRequest {
  const told = problems.map(({ path, message }) => ({ path: path.map(String).join('.'), message }));
  return { error: { line, problems: told } };
}

function isGroup(document: unknown): document is object {
  return typeof document === 'object' && document !== null && !Array.isArray(document);
}

/** Characters of a line that are shown. */
const SHOWN = 30;

function noRequest(line: string): string {
  const text = line.trim();
  const shown = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  return `${shown} is not a request: a line holds one object, {"history": […], "settings": {…}}, with "caps" and "id" where wanted`;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line.replace(/^\uFEFF/, ''));
  } catch (error) {
    if (error instanceof SyntaxError) return error;
    throw error;
  }
}

const WithId = z.looseObject({ id: z.union([z.string(), z.number()]) });

/** The request's name for itself, where one can be read, so that the asker knows which one was refused. */
function idOf(document: unknown): { id?: string | number } {
  const named = WithId.safeParse(document);
  return named.success ? { id: named.data.id } : {};
}
