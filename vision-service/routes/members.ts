/** Every member name of the request bodies, to take them in any casing, as older clients send them. */
const MEMBERS = [
  'annotationKind',
  'annotationFileUris',
  'customProperties',
  'authentication',
  'kind',
  'sasToken',
  'trainingParameters',
  'trainingDatasetName',
  'timeBudgetInHours',
  'modelKind',
  'evaluationParameters',
  'testDatasetName',
  'url',
];
const CANONICAL = new Map(MEMBERS.map((name) => [name.toLowerCase(), name]));

/** No body of the contract is nested deeper; what lies below is left as it is. */
const DEPTH = 4;

/** A parsed body with its members spelt as in the contract, and without those that are `null`. */
export function canonicalMembers(value: unknown, depth = DEPTH): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || depth === 0) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(
    members.map(([name, member]) => {
      const canonical = CANONICAL.get(name.toLowerCase()) ?? name;
      // The pairs inside are the caller's own.
      return [canonical, canonical === 'customProperties' ? member : canonicalMembers(member, depth - 1)];
    }),
  );
}
