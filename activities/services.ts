import type { ActivityDeps, ServiceProfile } from './deps.ts';
import { LoopFailure } from './errors.ts';

/**
 * The vision service that a spec names.
 * @throws LoopFailure `ServiceProfileUnknown` when the worker's settings have no such profile.
 */
export function serviceOf({ services }: ActivityDeps, profile: string): ServiceProfile {
  const found = services.get(profile);
  if (found) return found;
  const variable =
    profile === 'default'
      ? 'DELTALOOP_VISION_URL'
      : `DELTALOOP_VISION_${profile.toUpperCase().replaceAll('-', '_')}_URL`;
  const known = [...services.keys()].join(', ') || 'none';
  throw new LoopFailure(
    'ServiceProfileUnknown',
    `The spec asks for the vision service “${profile}”; this worker knows: ${known}. Set ${variable} and the key beside it.`,
  );
}
