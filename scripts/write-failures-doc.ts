import { writeFile } from 'node:fs/promises';
import { failuresDoc } from '../report/failures-doc.ts';

/** Writes `docs/failures.md`; run by `npm run failures-doc` after a change of the list of failures. */
await writeFile(new URL('../docs/failures.md', import.meta.url), failuresDoc());
