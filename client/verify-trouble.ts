/** One thing of a loop's folder that is not as it should be. */
export interface Trouble {
  /** Relative to the loop's folder, with `/`. */
  file: string;
  /** What differs, the end of a sentence that begins with the file. */
  what: string;
  /** Why it matters. */
  why: string;
  /** What to do. */
  fix: string;
}

/** Why a difference matters and what to do about it, by kind. */
const KINDS = {
  changed: {
    why: 'the record is no longer what the loop wrote, and what was decided from it cannot be shown again',
    fix: 'Put the file back from a copy; an export holds one.',
  },
  image: {
    why: 'models were trained or measured on other bytes, and the name is the hash that says which',
    fix: 'Put the image back from a copy; its name is the SHA-256 of the right bytes.',
  },
  missing: {
    why: 'the record is incomplete',
    fix: 'Put the file back from a copy; an export holds one.',
  },
  set: {
    why: 'every accepted image belongs to exactly one round and to every later training set',
    fix: 'Compare with a copy of the folder, and put back the file that differs there.',
  },
  leak: {
    why: 'a model that was trained on an evaluation image is measured too well',
    fix: 'Begin a new loop with an evaluation set that holds none of the training images.',
  },
  decision: {
    why: 'a decision that its own numbers do not give cannot be relied on',
    fix: 'Put the file back from a copy. If nothing was edited, another version of deltaloop decided: `deltaloop explain` shows what differs.',
  },
  derived: {
    why: 'the page is not the one that was made when the loop ended',
    fix: 'Trust the JSON files beside it, and put the page back from a copy.',
  },
  mode: {
    why: 'others on this machine can read or change the record',
    fix: 'Type: chmod -R go= FOLDER',
  },
  link: {
    why: 'nothing outside the folder is ever read or written, so it is not followed',
    fix: 'Put the file itself there instead.',
  },
  unreadable: {
    why: 'what it holds could not be checked',
    fix: 'Make it readable for this user, or look at the disk in the system’s log.',
  },
} as const;
export type TroubleKind = keyof typeof KINDS;

/** A difference of a kind, with the sentences that go with it. */
export function trouble(kind: TroubleKind, file: string, what: string): Trouble {
  return { file, what, ...KINDS[kind] };
}
