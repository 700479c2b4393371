import type { LoopSpec } from '../loop/spec.ts';
import type { Collector } from './collector.ts';
import { peopleCollector } from './people-collector.ts';
import { poolCollector } from './pool.ts';

/** The collector that a spec names. */
export function collectorFor(spec: LoopSpec): Collector {
  return spec.collector.kind === 'pool' ? poolCollector(spec.collector.path) : peopleCollector;
}
