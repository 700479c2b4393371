/** What the cells of a picture in a terminal may be coloured with; a client's styler takes all of them. */
export type CanvasTone = 'dim' | 'cyan' | 'yellow' | 'green';
export type Paint = (tone: CanvasTone, text: string) => string;

interface Cell {
  sign: string;
  tone: CanvasTone | null;
}

/** Dots of a braille sign by row and column, as offsets of U+2800. */
const DOTS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;
const BRAILLE = 0x2800;

/** A grid of signs, row 0 at the top; what is put outside of it is lost. Later signs cover earlier ones. */
export class TextCanvas {
  readonly columns: number;
  readonly rows: number;
  readonly #cells: (Cell | undefined)[];

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
    this.#cells = Array.from({ length: columns * rows });
  }

  /** Puts one sign of one column's width. */
  put(column: number, row: number, cell: Cell): void {
    if (column >= 0 && column < this.columns && row >= 0 && row < this.rows)
      this.#cells[row * this.columns + column] = cell;
  }

  /** Sets a dot on the grid of braille dots, two across and four down a sign; dots of one sign add up. */
  dot(across: number, down: number, tone: CanvasTone): void {
    const [column, row] = [Math.floor(across / 2), Math.floor(down / 4)];
    const bit = DOTS[down - row * 4]?.[across % 2 === 0 ? 0 : 1] ?? 0;
    const there = this.#cells[row * this.columns + column]?.sign.codePointAt(0) ?? 0;
    const before = there >= BRAILLE && there < BRAILLE + 256 ? there : BRAILLE;
    this.put(column, row, { sign: String.fromCodePoint(before | bit), tone });
  }

  /** The rows as text; signs of one tone in a row are painted together. */
  lines(paint: Paint): string[] {
    return Array.from({ length: this.rows }, (_, row) => {
      const cells = this.#cells.slice(row * this.columns, (row + 1) * this.columns);
      return runsOf(cells)
        .map(({ sign, tone }) => (tone === null ? sign : paint(tone, sign)))
        .join('')
        .trimEnd();
    });
  }
}

function runsOf(cells: readonly (Cell | undefined)[]): Cell[] {
  const runs: Cell[] = [];
  for (const { sign, tone } of cells.map((cell) => cell ?? { sign: ' ', tone: null })) {
    const last = runs.at(-1);
    if (last?.tone === tone) last.sign += sign;
    else runs.push({ sign, tone });
  }
  return runs;
}
