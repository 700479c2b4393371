import type { ActivityDeps, ServiceProfile } from './deps.ts';
import { LoopFailure } from './errors.ts';

/**
 * The vision service that a spec names.
 * @throws LoopFailure `ServiceProfileUnknown` when the worker's settings have no such profile.
 */
export function serviceOf({ services }: ActivityDeps, profile: string): ServiceProfile {
  const found = services.get(profile);
  if (found) return found;
  const prefix =
    profile === 'default' ? 'DELTALOOP_VISION' : `DELTALOOP_VISION_${profile.toUpperCase().replaceAll('-', '_')}`;
  const known = [...services.keys()].join(', ') || 'none';
  throw new LoopFailure(
    'ServiceProfileUnknown',
    `This loop is to use the vision service “${profile}”; this worker knows: ${known}. What is missing: ${prefix}_URL and ${prefix}_KEY.`,
  );
}
