import { once } from 'node:events';
import { styleText } from 'node:util';
import { terminalJson, terminalText } from './terminal-text.ts';

export type Tone = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';
export type Styler = (tone: Tone, text: string) => string;

/** Where a command writes: data to stdout, talk to stderr. The only place of the client that writes to a stream, and
 * the last that looks for what a terminal would obey. */
export interface Output {
  /** Whether stdout is a terminal, so that a view may redraw itself. */
  readonly live: boolean;
  /** Characters a line of the terminal has; undefined without one. */
  readonly width: number | undefined;
  /** Writes a line or more of data to stdout. */
  data(text: string): void;
  /** Writes one JSON document to stdout; `compact` puts it on one line. */
  json<T extends { schemaVersion: number }>(document: T, compact?: boolean): void;
  /** Resolves when stdout takes more: what writes without end waits for it, so that nothing piles up before a slow reader. */
  drained(): Promise<void>;
  /** Writes a line or more of talk to stderr. */
  say(text: string): void;
  /** Colours text for stdout; plain without a terminal or with NO_COLOR. */
  style: Styler;
}

function line(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`;
}

/** The output of a process; colour follows NO_COLOR, FORCE_COLOR and whether stdout is a terminal. */
export function processOutput(
  stdout: NodeJS.WriteStream = process.stdout,
  stderr: NodeJS.WriteStream = process.stderr,
): Output {
  return {
    live: stdout.isTTY === true,
    get width() {
      // Some terminals tell no width, or none to speak of.
      return stdout.isTTY && stdout.columns >= 20 ? stdout.columns : undefined;
    },
    data: (text) => void stdout.write(line(terminalText(text))),
    json: (document, compact) => void stdout.write(line(terminalJson(JSON.stringify(document, null, compact ? 0 : 2)))),
    drained: async () => {
      if (stdout.writableNeedDrain) await once(stdout, 'drain');
    },
    say: (text) => void stderr.write(line(terminalText(text))),
    style: (tone, text) => styleText(tone, text, { stream: stdout }),
  };
}
