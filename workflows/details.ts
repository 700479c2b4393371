import type { LoopProgress } from '../loop/progress.ts';
import type { RoundRecord } from '../loop/round.ts';
import { type LoopState, missing, toProgress, total, type Words } from './loop-state.ts';
import type { LoopInput } from './messages.ts';
import { figure, images, minutes } from './summaries.ts';

/** Rows shown; more would push the rest out of sight. */
const ROUNDS_SHOWN = 12;
const CLASSES_SHOWN = 24;

/** What is happening, and what happens next with the command to type: the two sentences every view begins with. */
export function words(input: LoopInput, state: LoopState): Words {
  const { name } = input.spec;
  const round = state.round > 0 ? `Round ${state.round}: ` : '';
  if (state.result)
    return { state: state.result.sentence, next: `Nothing more. Read the report: deltaloop status ${name}` };
  if (state.attention) {
    const { headline, message, remedy } = state.attention;
    return {
      state: `${round}${headline}. ${message}`,
      next: `${remedy} Then: deltaloop resolve ${name} retry (or stop)`,
    };
  }
  if (state.paused)
    return { state: `${round}${state.doing}`, next: `Somebody lets it go on: deltaloop resume ${name}` };
  return { state: `${round}${state.doing}.`, next: nextStep(input, state) };
}

function nextStep(input: LoopInput, state: LoopState): string {
  const { name, collector } = input.spec;
  if (state.stop) return 'The loop ends after this step.';
  if (state.phase === 'collecting' && collector.kind === 'people') {
    const how = collector.instructions ? ` ${collector.instructions}` : '';
    return `People hand in ${images(missing(state))}: deltaloop submit ${name} DIR (one sub-folder per class).${how}`;
  }
  return 'Nobody has to act; the loop goes on by itself.';
}

/** The loop's state as Markdown for the Temporal UI's Current Details; well below its 20 kB. */
export function currentDetails(input: LoopInput, state: LoopState): string {
  const view = toProgress(input, state, words(input, state));
  return [
    `# ${plain(view.title)}`,
    `**${plain(view.state)}**`,
    `**Next:** ${plain(view.next)}`,
    plan(input, view),
    roundsTable(view.rounds),
    state.lastDecision && `**Last decision:** ${plain(state.lastDecision)}`,
    classTable(view),
    handedIn(state),
    ...view.warnings.map((warning) => `- ${plain(warning)}`),
  ]
    .filter(Boolean)
    .join('\n\n');
}

/** Names come from people; nothing in them may become markup. */
function plain(text: string): string {
  return text.replace(/[|<>*`_[\]]/g, (sign) => `\\${sign}`);
}

function plan({ spec, deadline }: LoopInput, view: LoopProgress): string {
  const aim = spec.target === undefined ? 'no target: until more images stop helping' : `target ${figure(spec.target)}`;
  const yardstick =
    view.evaluationImages === null
      ? 'the service’s hold-out (optimistic)'
      : `${view.evaluationImages} evaluation images`;
  const { capMinutes, settledMinutes, reservedMinutes } = view.budget;
  const spent = `${minutes(settledMinutes)} of ${minutes(capMinutes)} compute used, ${minutes(reservedMinutes)} reserved`;
  const end =
    deadline === null ? '' : ` · deadline ${new Date(deadline).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return `${spec.metric} on ${yardstick} · ${aim} · ${view.images} training images · ${spent}${end}`;
}

/** `+0.021 from round 2`, or what stands in its place. */
function gain({ gain: value, comparedWith }: RoundRecord): string {
  if (value === null || comparedWith === null) return '–';
  return `${value >= 0 ? '+' : '−'}${figure(Math.abs(value))} on round ${comparedWith}`;
}

function roundsTable(rounds: readonly RoundRecord[]): string {
  if (rounds.length === 0) return '';
  const rows = rounds.slice(-ROUNDS_SHOWN).map((row) => {
    const metric = row.metric === null ? 'none' : figure(row.metric);
    const noise = row.noise === null ? '–' : `±${figure(row.noise)}`;
    return `| ${row.round} | ${row.images} | ${metric} | ${gain(row)} | ${noise} | ${row.billedMinutes} min | ${plain(row.decision)} |`;
  });
  return [
    '| Round | Images | Metric | Gain | Noise | Cost | Decision |',
    '|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

function classTable({ classes }: LoopProgress): string {
  if (classes.length === 0) return '';
  const rows = classes.slice(0, CLASSES_SHOWN).map(({ name, have, need }) => `| ${plain(name)} | ${have} | ${need} |`);
  const more = classes.length > CLASSES_SHOWN ? `\n\nand ${classes.length - CLASSES_SHOWN} more classes` : '';
  return ['| Class | Have | Need now |', '|---|---|---|', ...rows].join('\n') + more;
}

function handedIn({ waiting, queue }: LoopState): string {
  const ready = total(waiting);
  if (ready === 0 && queue.length === 0) return '';
  return `Handed in and not used yet: ${ready} images${queue.length > 0 ? `, ${queue.length} batches being admitted` : ''}.`;
}
