/** A box as shares of the image's sides, 0–1. */
export type RelativeBox = [left: number, top: number, width: number, height: number];

/** One object in an image. */
export interface LabelledBox {
  className: string;
  box: RelativeBox;
}

/** What an image shows. Exactly one of the two is there: a class (classification), or boxes (detection). */
export interface Labelled {
  className?: string;
  /** Empty where nothing is to be found. */
  boxes?: LabelledBox[];
}

/** The classes that an image shows, each once, in the order in which they stand there: its one class, or those of its boxes. */
export function classesOf({ className, boxes }: Labelled): string[] {
  if (boxes !== undefined) return [...new Set(boxes.map((box) => box.className))];
  return className === undefined ? [] : [className];
}

/** What an image shows, as an object to spread: what is absent stays absent. */
export function labelOf({ className, boxes }: Labelled): Labelled {
  return { ...(className === undefined ? {} : { className }), ...(boxes === undefined ? {} : { boxes }) };
}

/** Whether two images are said to show the same: the same class, or the same boxes in whatever order. */
export function sameLabel(one: Labelled, other: Labelled): boolean {
  return one.className === other.className && boxesText(one) === boxesText(other);
}

function boxesText({ boxes }: Labelled): string {
  return (boxes ?? [])
    .map(({ className, box }) => JSON.stringify([className, ...box]))
    .sort()
    .join();
}

/** What an image shows, in a few words: `cat`, `cat, dog`, or `nothing`. */
export function labelWords(image: Labelled): string {
  return classesOf(image).join(', ') || 'nothing';
}
