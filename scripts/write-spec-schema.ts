import { writeFile } from 'node:fs/promises';
import { decisionLineJsonSchema, decisionRequestJsonSchema } from '../client/json-schemas.ts';
import { specJsonSchema } from '../client/spec-problems.ts';

/** Writes the published JSON Schemas; run by `npm run schema` after a change of what a spec, a request or an answer may hold. */
const PUBLISHED = {
  spec: specJsonSchema(),
  'decision-request': decisionRequestJsonSchema(),
  'decision-answer': decisionLineJsonSchema(),
};

for (const [name, schema] of Object.entries(PUBLISHED))
  await writeFile(new URL(`../loop/${name}.schema.json`, import.meta.url), `${JSON.stringify(schema, null, 2)}\n`);
