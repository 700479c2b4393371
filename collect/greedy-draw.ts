import { classesOf, type Labelled } from '../loop/labels.ts';
import type { ClassCounts } from '../loop/round.ts';

/** A draw of images that count for every class that they show. */
export interface GreedyDraw<T extends Labelled> {
  /** Images to choose from, in the order in which they are taken. */
  images: readonly T[];
  /** Images that each class asks for; images that show none of these classes are not looked at. */
  need: ClassCounts;
  /** Images that may be taken at most. */
  room: number;
  /** Takes an image, or says (false) that it cannot be used after all: the next one is then tried. */
  take: (image: T) => Promise<boolean>;
}

/** What a draw came to. */
export interface GreedyResult {
  /** What is lacking in the classes of which no image is left. */
  short: ClassCounts;
  /** No image is left, not even of a class that did not ask. */
  exhausted: boolean;
}

interface ClassQueue<T> {
  lacking: number;
  images: T[];
  /** Images before this one were tried. */
  at: number;
}

/**
 * Takes images until every class has what it needs, always the next image that shows the class furthest below its need (of
 * equals, the one named first in `need`). An image counts once for every class that it shows, so a class may get more than it
 * asked for. No image is tried twice.
 */
export async function drawGreedily<T extends Labelled>({
  images,
  need,
  room,
  take,
}: GreedyDraw<T>): Promise<GreedyResult> {
  const queues = queuesOf(images, need);
  const tried = new Set<T>();
  for (let taken = 0; taken < room; ) {
    const image = nextImage([...queues.values()], tried);
    if (image === undefined) break;
    tried.add(image);
    if (!(await take(image))) continue;
    taken += 1;
    for (const name of classesOf(image)) {
      const queue = queues.get(name);
      if (queue) queue.lacking -= 1;
    }
  }
  const empty = [...queues].filter(([, queue]) => head(queue, tried) === undefined);
  return {
    short: Object.fromEntries(empty.flatMap(([name, { lacking }]) => (lacking > 0 ? [[name, lacking]] : []))),
    exhausted: images.every((image) => tried.has(image)),
  };
}

function queuesOf<T extends Labelled>(images: readonly T[], need: ClassCounts): Map<string, ClassQueue<T>> {
  const asked = Object.entries(need).filter(([, count]) => count > 0);
  const queues = new Map(
    asked.map(([name, lacking]): [string, ClassQueue<T>] => [name, { lacking, images: [], at: 0 }]),
  );
  for (const image of images) {
    for (const name of classesOf(image)) queues.get(name)?.images.push(image);
  }
  return queues;
}

/** The first image of the class that lacks most, of those that have one; undefined when no such class lacks anything. */
function nextImage<T>(queues: readonly ClassQueue<T>[], tried: ReadonlySet<T>): T | undefined {
  const open = queues.filter((queue) => queue.lacking > 0 && head(queue, tried) !== undefined);
  const [furthest] = open.toSorted((a, b) => b.lacking - a.lacking);
  return furthest && head(furthest, tried);
}

function head<T>(queue: ClassQueue<T>, tried: ReadonlySet<T>): T | undefined {
  for (; queue.at < queue.images.length; queue.at += 1) {
    const image = queue.images[queue.at];
    if (image !== undefined && !tried.has(image)) return image;
  }
  return undefined;
}
