import { writeFile } from 'node:fs/promises';
import { specJsonSchema } from '../client/spec-problems.ts';

/** Writes the published JSON Schema of a spec; run by `npm run schema` after a change of `LoopSpecSchema`. */
await writeFile(new URL('../loop/spec.schema.json', import.meta.url), `${JSON.stringify(specJsonSchema(), null, 2)}\n`);
