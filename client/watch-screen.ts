import { createLogUpdate } from 'log-update';
import { decimal, plural } from '../decide/format.ts';
import type { RoundRecord } from '../loop/round.ts';
import type { LoopPlaces } from './loop-places.ts';
import type { LoopView } from './loop-view.ts';
import type { Output } from './output.ts';
import { outcomeText } from './render-outcome.ts';
import { renderProgress, roundsText, statusLine } from './render-progress.ts';
import { statusDocument } from './status-document.ts';
import { printable } from './text-table.ts';

/** Where `watch` shows what it sees. */
export interface WatchScreen {
  show(view: LoopView): void;
  /** Shows that the server does not answer at the moment. */
  away(reason: string): void;
  /** Called once at the end, with the last view when there is one, and the places as they are then. */
  done(last: LoopView | undefined, places: LoopPlaces): void;
}

export interface ScreenOptions {
  loop: string;
  output: Output;
  places: LoopPlaces;
  /** `json`: one document at the end; `jsonl`: one line a change. Text when absent. */
  format?: 'json' | 'jsonl' | undefined;
}

/** Classes that fit beside the rest on one screen. */
const CLASSES_SHOWN = 24;

/** The screen for an output: redrawn in place on a terminal, a line a change elsewhere, or JSON. */
export function watchScreen(options: ScreenOptions): WatchScreen {
  if (options.format) return jsonScreen(options, options.format);
  return options.output.live ? liveScreen(options) : plainScreen(options);
}

function jsonScreen({ loop, output, places }: ScreenOptions, format: 'json' | 'jsonl'): WatchScreen {
  const changed = changes();
  return {
    show: (view) => {
      const document = statusDocument(loop, view, places);
      if (format === 'jsonl' && changed(JSON.stringify(document))) output.json(document, true);
    },
    away: (reason) => {
      if (changed(reason)) output.say(reason);
    },
    done: (last, final) => {
      if (format === 'json' && last) output.json(statusDocument(loop, last, final));
    },
  };
}

function liveScreen({ loop, output, places }: ScreenOptions): WatchScreen {
  const draw = createLogUpdate(process.stdout);
  const { style } = output;
  const text = (view: LoopView, where: LoopPlaces) =>
    view.kind === 'unknown'
      ? waitingFor(loop)
      : renderProgress(view.progress, {
          style,
          width: output.width,
          maxClasses: CLASSES_SHOWN,
          places: where,
        });
  let shown = '';
  return {
    show: (view) => {
      shown = text(view, places);
      draw(shown);
    },
    away: (reason) => draw([shown, style('yellow', printable(reason))].filter(Boolean).join('\n\n')),
    done: (last, final) => {
      // The last picture stays whole, however high the terminal is.
      draw.clear();
      draw.done();
      if (last) output.data(text(last, final));
    },
  };
}

function plainScreen({ loop, output, places }: ScreenOptions): WatchScreen {
  const changed = changes();
  let rounds = 0;
  if (places.uiUrl) output.say(`Temporal UI: ${places.uiUrl}`);
  return {
    show: (view) => {
      if (view.kind === 'unknown') {
        if (changed(waitingFor(loop))) output.say(waitingFor(loop));
        return;
      }
      const news = view.progress.rounds.slice(rounds);
      for (const record of news) output.data(roundLine(record));
      // The sentence is of the last round; those of rounds before it are in their files.
      if (news.length > 0 && view.progress.lastDecision !== '')
        output.data(`  ${printable(view.progress.lastDecision)}`);
      rounds = Math.max(rounds, view.progress.rounds.length);
      const text = stateLines(view);
      if (view.kind !== 'finished' && changed(text)) output.data(text);
    },
    away: (reason) => {
      if (changed(reason)) output.say(reason);
    },
    done: (last) => {
      if (last?.kind !== 'finished') return;
      output.data(
        [roundsText(last.progress), outcomeText(last.result, output.style, output.width)].filter(Boolean).join('\n\n'),
      );
    },
  };
}

function waitingFor(loop: string): string {
  return `There is no loop ${loop} yet; waiting for its start (Ctrl-C to leave).`;
}

function roundLine({ round, images, metric, decision }: RoundRecord): string {
  const measured = metric === null ? 'no metric' : `metric ${decimal(metric, 3)}`;
  return printable(`Round ${round} decided: ${plural(images, 'image')}, ${measured}, ${decision}`);
}

function stateLines(view: Exclude<LoopView, { kind: 'unknown' }>): string {
  const { progress } = view;
  const line = `${statusLine(progress)} — ${printable(progress.state)}`;
  const acts = view.kind === 'running' ? view.needsPerson || progress.paused : view.kind !== 'finished';
  return acts ? `${line}\n  Next: ${printable(progress.next)}` : line;
}

/** Tells whether a text differs from the one before. */
function changes(): (text: string) => boolean {
  let last: string | undefined;
  return (text) => {
    const differs = text !== last;
    last = text;
    return differs;
  };
}
