import { z } from 'zod';
import type { DecisionLine, RefusedRequest } from '../loop/decision-answer.ts';
import { type DecisionAnswer, type DecisionRequest, DecisionRequestSchema } from '../loop/decision-request.ts';
import { decisionRequestJsonSchema } from './json-schemas.ts';
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
    return { error: { line: number, problems: [{ path: '', message: `is not JSON: ${document.message}` }] } };
  const parsed = DecisionRequestSchema.safeParse(document);
  const problems = parsed.success
    ? historyProblems(parsed.data)
    : schemaProblems(parsed.error, { document, schema: decisionRequestJsonSchema }).map(({ path, message }) => ({
        path: path.map(String).join('.'),
        message,
      }));
  if (parsed.success && problems.length === 0) return answer(parsed.data);
  return { ...idOf(document), error: { line: number, problems } };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line.replace(/^\uFEFF/, ''));
  } catch (error) {
    if (error instanceof SyntaxError) return error;
    throw error;
  }
}

/** What no single field shows: a decision is made after a round, and parts of the first are none. */
function historyProblems({ history }: DecisionRequest): RefusedRequest['error']['problems'] {
  if (history.some(({ share }) => share === undefined)) return [];
  return [{ path: 'history', message: 'has only parts of the first round (entries with share), and no round' }];
}

const WithId = z.looseObject({ id: z.union([z.string(), z.number()]) });

/** The request's name for itself, where one can be read, so that the asker knows which one was refused. */
function idOf(document: unknown): { id?: string | number } {
  const named = WithId.safeParse(document);
  return named.success ? { id: named.data.id } : {};
}
