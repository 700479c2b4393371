import type { Capabilities } from '../vision/capabilities.ts';
import type { VisionClient } from '../vision/client.ts';
import type { Webhook } from './webhook.ts';

/** A vision service as the worker's settings name it. */
export interface ServiceProfile {
  client: VisionClient;
  capabilities: Capabilities;
}

/** What the activities need from outside; made once by the worker. */
export interface ActivityDeps {
  /** The folder that client, worker and service share. */
  home: string;
  /** Profiles of vision services by name. */
  services: ReadonlyMap<string, ServiceProfile>;
  /** Predictions under way at once. */
  predictConcurrency: number;
  /** The clock that spans of time are measured with, milliseconds from any moment on; the system's when left out. */
  now?: () => number;
  /** Where notices go; absent or null for nowhere. */
  webhook?: Webhook | null;
}
