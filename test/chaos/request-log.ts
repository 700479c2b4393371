import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { z } from 'zod';
import { jsonOrUndefined } from '../../loop/json.ts';
import { HTTP_FAULTS } from './plan.ts';

/** What the service said of a model in an answer. */
const SeenModel = z.object({ name: z.string(), status: z.string(), minutes: z.number().nullable() });

/** One request from a worker to the vision service, as the proxy between them saw it. */
export const RequestSchema = z.object({
  /** Epoch milliseconds at which it came. */
  at: z.number(),
  method: z.string(),
  /** Below the mount point, e.g. `models/chaos-1-a-r1-0123456789ab-1`. */
  path: z.string(),
  /** SHA-256 of the body in hex. */
  digest: z.string(),
  /** Of a training: what was asked for. */
  training: z.object({ dataset: z.string(), hours: z.number() }).nullable(),
  /** Whether the service got it; `unknown` when it went away in the middle. */
  reached: z.enum(['yes', 'no', 'unknown']),
  /** The service's own answer; null when there was none. */
  status: z.number().nullable(),
  model: SeenModel.nullable(),
  /** Trouble made on purpose. */
  fault: z.enum(HTTP_FAULTS).nullable(),
  /** Whether the worker was sent that answer, whole. */
  delivered: z.boolean(),
});
export type RecordedRequest = z.infer<typeof RequestSchema>;

/** The harness's own record of every request, a line of JSON each: only ever appended to, and on the disk at once. */
export class RequestLog {
  readonly path: string;
  readonly #file: number;

  constructor(path: string) {
    this.path = path;
    this.#file = openSync(path, 'a', 0o600);
  }

  add(request: RecordedRequest): void {
    writeSync(this.#file, `${JSON.stringify(request)}\n`);
    fsyncSync(this.#file);
  }

  /** The requests since an instant (epoch milliseconds), in the order in which they ended. */
  since(at: number): RecordedRequest[] {
    const lines = readFileSync(this.path, 'utf8').split('\n').filter(Boolean);
    return lines.map((line) => RequestSchema.parse(jsonOrUndefined(line))).filter((each) => each.at >= at);
  }

  close(): void {
    closeSync(this.#file);
  }
}
