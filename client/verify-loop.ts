import { compareText } from '../data/json.ts';
import { LoopFolder } from '../data/loop-folder.ts';
import { sweepTemporaries } from '../data/temporaries.ts';
import { plural } from '../decide/format.ts';
import { readImported } from './imported-file.ts';
import { unknownLoop } from './require-loop.ts';
import { hashContents, type Progress } from './verify-contents.ts';
import { verifyDecisions } from './verify-decisions.ts';
import { isImage, isKnown } from './verify-kinds.ts';
import { verifyAdmissions } from './verify-people.ts';
import { VerifiedRecord } from './verify-record.ts';
import { verifySets } from './verify-sets.ts';
import type { Trouble } from './verify-trouble.ts';
import { type Walked, walkLoop } from './verify-walk.ts';

/** What became of a verification. */
export interface Verified {
  loop: string;
  /** The loop's folder. */
  folder: string;
  /** Whether the loop has ended. */
  ended: boolean;
  files: number;
  images: number;
  /** All files together. */
  bytes: number;
  /** Everything that is not as it should be, by file; none when all is well. */
  troubles: Trouble[];
  /** Sentences on what is no trouble but worth knowing. */
  notes: string[];
}

/**
 * Re-hashes a loop's folder and holds its files against each other; reads only, needs no server, and may run beside the loop.
 * @param progress told after each file.
 * @throws CliError (exit 2) when there is no such loop here.
 */
export async function verifyLoop(home: string, loop: string, progress: Progress = () => undefined): Promise<Verified> {
  const folder = LoopFolder.at(home, loop);
  if (!(await folder.exists())) throw await unknownLoop({ home, loop, where: `${home} holds none of that name` });
  const walked = await walkLoop(folder.path);
  const hashed = await hashContents(folder, walked.files, progress);
  const record = new VerifiedRecord(folder, walked.files, hashed.damaged);
  for (const file of ['loop.json', 'spec.json']) await record.require(file, 'every loop begins with it');
  const { draws } = await verifySets(record);
  await verifyDecisions(record, draws);
  await verifyAdmissions(record, draws);
  const troubles = [...walked.troubles, ...hashed.troubles, ...record.troubles];
  const drawn = new Set(draws.flatMap(({ images }) => images.map(({ file }) => `images/${file}`)));
  const ended = record.has('outcome.json');
  return {
    loop,
    folder: folder.path,
    ended,
    files: walked.files.length,
    images: walked.files.filter(isImage).length,
    bytes: hashed.bytes,
    troubles: troubles.toSorted((one, other) => compareText(one.file, other.file)),
    notes: [
      ...temporaryNotes(walked, loop),
      ...unknownNotes(walked),
      ...(troubles.some(({ file }) => file.endsWith('/draw.json')) ? [] : undrawnNotes(walked, drawn)),
      ...(ended && !hashed.recorded && !hashed.damaged.has('SHA256SUMS') ? [WITHOUT_SUMS] : []),
      ...((await readImported(folder).catch(() => undefined)) ? [IMPORTED] : []),
    ],
  };
}

/** Removes what writes that were cut off left more than a day ago. @returns the files, relative to the loop's folder. */
export function sweepLoop(home: string, loop: string): Promise<string[]> {
  return sweepTemporaries(LoopFolder.at(home, loop).path);
}

const WITHOUT_SUMS =
  'The loop ended before hashes of all files were recorded: JSON files were held against each other, and their every byte could not be.';
const IMPORTED = 'The folder was imported: it is the record of a loop that ran elsewhere.';

function temporaryNotes({ temporaries }: Walked, loop: string): string[] {
  const old = temporaries.filter((each) => each.old).length;
  const young = temporaries.length - old;
  const notes: string[] = [];
  if (old > 0)
    notes.push(
      `${plural(old, 'temporary file')} of writes that were cut off, older than a day: nothing needs them. Remove them: deltaloop verify ${loop} --sweep`,
    );
  if (young > 0)
    notes.push(`${plural(young, 'temporary file')} of writes under way or just cut off: left alone for a day.`);
  return notes;
}

const SHOWN = 10;

function unknownNotes({ files }: Walked): string[] {
  const unknown = files.filter((file) => !isKnown(file));
  if (unknown.length === 0) return [];
  const rest = unknown.length - SHOWN;
  const more = rest > 0 ? `, and ${rest} more` : '';
  return [`Not of a kind that this version knows, so only hashed: ${unknown.slice(0, SHOWN).join(', ')}${more}.`];
}

/** A round's images are stored before its draw is written, so that a step under way or cut off leaves some. */
function undrawnNotes({ files }: Walked, drawn: ReadonlySet<string>): string[] {
  const undrawn = files.filter((file) => file.startsWith('images/') && !drawn.has(file)).length;
  const them = undrawn === 1 ? 'It is' : 'They are';
  return undrawn === 0
    ? []
    : [`${plural(undrawn, 'image')} in images/ in no round yet. ${them} trained on by no model.`];
}
