import type { LoopSpecInput } from '../loop/spec.ts';
import type { VisionClient } from '../vision/client.ts';
import type { Say } from './say.ts';

/** What a demo's loop is about. */
export interface DemoSubject {
  /** Name of the loop; on a server that others use too, its beginning. */
  loop: string;
  /** Value of the metric that the loop is to reach, 0–1: measured to be reachable in a few minutes. */
  target: number;
  /** Writes the images below `home`, and says how many there are. */
  prepare(home: string, options: { seed: number; say: Say }): Promise<DemoData>;
}

/** Images of a demo, ready to be drawn from. */
export interface DemoData {
  spec: Omit<LoopSpecInput, 'name' | 'target' | 'seed'>;
  /** What a model says about images that neither it nor the evaluation set has seen, in lines for people. */
  tryOut(client: VisionClient, model: string): Promise<string[]>;
}
