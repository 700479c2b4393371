/** Defects of one file, each a sentence. Beyond so many they are only counted: a hostile file must not fill the memory. */
const MOST_PROBLEMS = 1000;

export class Problems {
  readonly #file: string;
  readonly #sentences: string[] = [];
  #more = 0;

  /** @param file name of the file, for messages */
  constructor(file: string) {
    this.#file = file;
  }

  /** `annotation 7 of coco.json` + ` has …`. */
  add(what: string, defect: string): void {
    if (this.#sentences.length < MOST_PROBLEMS) this.#sentences.push(`${what} of ${this.#file} ${defect}`);
    else this.#more += 1;
  }

  /** All sentences; a last one tells how many more there are. */
  all(): string[] {
    return this.#more === 0 ? this.#sentences : [...this.#sentences, `${this.#file} has ${this.#more} more defects`];
  }
}

/** An entry of one of the lists, whatever it holds. */
export type Entry = Readonly<Record<string, unknown>>;

/** An entry whose id is fit for use. */
export interface Identified {
  id: number;
  /** `image 7` or, without a usable id, `entry 3 of images`. */
  name: string;
  entry: Entry;
}

/** The lists of a COCO file, and what one entry of each is called. */
const LISTS = { images: 'image', annotations: 'annotation', categories: 'category' } as const;
type ListName = keyof typeof LISTS;

/**
 * The entries of a list. Ids must be the whole numbers from 1 to the number of entries, each once; entries that are no objects, and
 * those without a usable id, are reported and left out.
 */
export function entriesOf(file: Entry, list: ListName, problems: Problems): Identified[] {
  const value = file[list];
  if (!Array.isArray(value)) {
    problems.add(`the list "${list}"`, 'is missing, or is no list');
    return [];
  }
  const items: readonly unknown[] = value;
  const seen = new Set<number>();
  return items.flatMap((item, position) => {
    const place = `entry ${position + 1} of ${list}`;
    const defect = isEntry(item) ? idDefect(item['id'], { count: items.length, seen }) : 'is no object';
    if (defect !== undefined) problems.add(place, defect);
    if (!isEntry(item) || typeof item['id'] !== 'number' || defect !== undefined) return [];
    return [{ id: item['id'], name: `${LISTS[list]} ${item['id']}`, entry: item }];
  });
}

function idDefect(id: unknown, { count, seen }: { count: number; seen: Set<number> }): string | undefined {
  if (id === undefined || id === null) return 'has no id';
  if (typeof id !== 'number' || !Number.isSafeInteger(id)) return `has the id ${shown(id)}, which is no whole number`;
  if (id < 1 || id > count) return `has the id ${id}; ids go from 1 to the number of such entries, ${count}`;
  if (seen.has(id)) return `has the id ${id}, which another one has too`;
  seen.add(id);
  return undefined;
}

/** Whether a value is a JSON object. */
export function isEntry(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A text that is not empty; undefined for anything else. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A finite number; undefined for anything else. */
export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

const LONGEST_SHOWN = 60;

/** A value as a message may show it: short, and on one line. */
export function shown(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}
