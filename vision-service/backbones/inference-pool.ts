import { Worker } from 'node:worker_threads';
import { BackboneError } from './errors.ts';
import type { FromInferenceThread, InferenceJob, InferenceResults, ToInferenceThread } from './inference-protocol.ts';
import type { NetworkFacts, OnnxModel } from './onnx-network.ts';

/** Jobs handed to a thread at once: one is computed while the next waits at the door. */
const DEPTH = 2;

interface Waiting {
  job: InferenceJob;
  resolve: (result: InferenceResults[InferenceJob['kind']]) => void;
  reject: (error: Error) => void;
}

/** Threads that infer side by side with one computing thread each; a further one is started when all others are busy. */
export class InferencePool {
  readonly #model: OnnxModel;
  readonly #size: number;
  readonly #threads = new Set<InferenceThread>();
  readonly #queue: Waiting[] = [];

  private constructor(model: OnnxModel, size: number) {
    this.#model = model;
    this.#size = size;
  }

  /**
   * Starts the first thread.
   *
   * @param size most threads
   * @throws {BackboneError} when the model cannot be used
   */
  static async open(model: OnnxModel, size: number): Promise<{ pool: InferencePool; facts: NetworkFacts }> {
    const pool = new InferencePool(model, size);
    return { pool, facts: await pool.#start().ready };
  }

  /** Runs a job on the next free thread. Throws BackboneError when it fails or its thread dies. */
  async run<T extends InferenceJob>(job: T): Promise<InferenceResults[T['kind']]> {
    const result = new Promise<InferenceResults[InferenceJob['kind']]>((resolve, reject) => {
      this.#queue.push({ job, resolve, reject });
    });
    this.#dispatch();
    // A thread answers a job with the result of its kind.
    return (await result) as InferenceResults[T['kind']];
  }

  /** Ends the threads after what they are computing. */
  async close(): Promise<void> {
    await Promise.all([...this.#threads].map((thread) => thread.close()));
  }

  #start(): InferenceThread {
    const thread = new InferenceThread(this.#model, {
      free: () => this.#dispatch(),
      ended: () => this.#threads.delete(thread),
    });
    this.#threads.add(thread);
    return thread;
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const thread = this.#freest();
      const next = thread === undefined ? undefined : this.#queue.shift();
      if (thread === undefined || next === undefined) return;
      thread.run(next);
    }
  }

  /** A thread that computes nothing, else a new one, else the one with the fewest jobs; undefined when all are full. */
  #freest(): InferenceThread | undefined {
    const [first] = [...this.#threads].sort((a, b) => a.load - b.load);
    if (first?.load === 0) return first;
    if (this.#threads.size < this.#size) return this.#start();
    return first !== undefined && first.load < DEPTH ? first : undefined;
  }
}

/** One thread and the jobs it has. */
class InferenceThread {
  readonly ready: Promise<NetworkFacts>;
  readonly #worker: Worker;
  readonly #jobs = new Map<number, Waiting>();
  readonly #exited: Promise<void>;
  readonly #events: { free: () => void; ended: () => void };
  #nextId = 1;

  constructor(model: OnnxModel, events: { free: () => void; ended: () => void }) {
    this.#events = events;
    this.#worker = new Worker(new URL('./inference-thread.ts', import.meta.url), { workerData: model });
    this.#exited = new Promise((resolve) => this.#worker.once('exit', () => resolve()));
    this.ready = new Promise((resolve, reject) => {
      this.#worker.on('message', (message: FromInferenceThread) => {
        if (message.type === 'ready') resolve(message.facts);
        else if (message.type === 'unusable') this.#fail(new BackboneError(message.message), reject);
        else this.#receive(message);
      });
      this.#worker.once('error', (error) => this.#fail(gone(model, error.message), reject));
      this.#worker.once('exit', () => this.#fail(gone(model, 'it ended'), reject));
    });
    // Only the first thread's opening is awaited; the jobs of the others carry the error.
    this.ready.catch(() => undefined);
  }

  /** Jobs it has. */
  get load(): number {
    return this.#jobs.size;
  }

  run(waiting: Waiting): void {
    const id = this.#nextId++;
    this.#jobs.set(id, waiting);
    this.#post({ type: 'run', id, job: waiting.job });
  }

  async close(): Promise<void> {
    this.#post({ type: 'close' });
    await this.#exited;
  }

  #post(message: ToInferenceThread): void {
    this.#worker.postMessage(message);
  }

  #receive(message: Extract<FromInferenceThread, { id: number }>): void {
    const waiting = this.#jobs.get(message.id);
    this.#jobs.delete(message.id);
    if (message.type === 'result') waiting?.resolve(message.result);
    else waiting?.reject(new BackboneError(message.message));
    this.#events.free();
  }

  #fail(error: BackboneError, reject: (error: BackboneError) => void): void {
    reject(error);
    for (const waiting of this.#jobs.values()) waiting.reject(error);
    this.#jobs.clear();
    this.#events.ended();
    void this.#worker.terminate();
  }
}

function gone(model: OnnxModel, reason: string): BackboneError {
  return new BackboneError(`Backbone "${model.name}": its inference thread stopped: ${reason}`);
}
