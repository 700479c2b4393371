import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Settlement, StoredModel } from './store/models.ts';

/** How many pieces of work have not ended, by queue. */
export interface QueueLengths {
  trainings: number;
  evaluations: number;
  recognitions: number;
}

/** An answered request: `path` is the template of its route, so that no name becomes a label. */
export interface AnsweredRequest {
  method: string;
  path: string;
  status: number;
  seconds: number;
}

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Figures of one service for Prometheus. They count from its start and name nothing that a caller named. */
export class Telemetry {
  readonly #registry = new Registry();
  readonly #requests: Histogram<'method' | 'path' | 'status'>;
  readonly #trainings: Counter<'kind' | 'outcome'>;
  readonly #billed: Counter;
  readonly #computed: Counter;
  readonly #embeddings: Counter<'source'>;

  /** @param queues is asked at every scrape */
  constructor(queues: () => QueueLengths) {
    const registers = [this.#registry];
    const named = (name: string, help: string) => ({ name: `deltaloop_vision_${name}`, help, registers });
    collectDefaultMetrics({ register: this.#registry });
    this.#requests = new Histogram({
      ...named('http_request_seconds', 'Requests by route and status, and how long they took'),
      labelNames: ['method', 'path', 'status'],
      buckets: SECONDS,
    });
    this.#trainings = new Counter({
      ...named('trainings_total', 'Trainings that have ended'),
      labelNames: ['kind', 'outcome'],
    });
    this.#billed = new Counter(named('billed_minutes_total', 'Minutes billed for trainings'));
    this.#computed = new Counter(named('compute_seconds_total', 'Measured compute time of trainings, billed or not'));
    this.#embeddings = new Counter({
      ...named('embeddings_total', 'Images of trainings, by whether their features were computed or found'),
      labelNames: ['source'],
    });
    new Gauge({
      ...named('queue_length', 'Work that has not ended, running or waiting'),
      labelNames: ['queue'],
      collect() {
        for (const [queue, length] of Object.entries(queues())) this.set({ queue }, length);
      },
    });
  }

  /** Content type of what `expose` gives. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All figures in the text format of Prometheus. */
  expose(): Promise<string> {
    return this.#registry.metrics();
  }

  answered({ method, path, status, seconds }: AnsweredRequest): void {
    this.#requests.observe({ method, path, status }, seconds);
  }

  settled({ trainingParameters }: StoredModel, { status, ledger }: Settlement): void {
    this.#trainings.inc({ kind: trainingParameters.modelKind, outcome: status });
    this.#billed.inc(ledger.billedMinutes);
    this.#computed.inc(ledger.computeSeconds);
    this.#embeddings.inc({ source: 'computed' }, ledger.embeddingsComputed);
    this.#embeddings.inc({ source: 'cached' }, Math.max(0, ledger.images - ledger.embeddingsComputed));
  }
}
