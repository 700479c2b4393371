/** What differs between two specs, field by field: `target: 0.84 → 0.9`. */
export function specDifferences(before: unknown, after: unknown): string[] {
  const [old, now] = [leaves(before), leaves(after)];
  const keys = [...new Set([...old.keys(), ...now.keys()])].sort();
  return keys
    .filter((key) => old.get(key) !== now.get(key))
    .map((key) => `${key}: ${old.get(key) ?? 'not set'} → ${now.get(key) ?? 'not set'}`);
}

function leaves(value: unknown, path: string[] = []): Map<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return value === undefined ? new Map() : new Map([[path.join('.'), JSON.stringify(value)]]);
  }
  return new Map(Object.entries(value).flatMap(([key, entry]) => [...leaves(entry, [...path, key])]));
}
