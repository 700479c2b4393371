import { durationMs } from '../loop/duration.ts';
import { FAILURES } from '../loop/failure.ts';
import { type LoopState, missing, type Words } from './loop-state.ts';
import type { LoopInput } from './messages.ts';
import { outageWords } from './outage.ts';
import { instant, wanted } from './summaries.ts';

/** What is happening, and what happens next with the command to type: the two sentences every view begins with. */
export function words(input: LoopInput, state: LoopState): Words {
  const { name } = input.spec;
  const round = state.round > 0 ? `Round ${state.round}: ` : '';
  if (state.result)
    return {
      state: state.result.sentence,
      next: `Nothing: the loop has ended. \`deltaloop status ${name}\` tells where its report is.`,
    };
  if (state.attention) {
    const { headline, message, explanation = '', remedy } = state.attention;
    return {
      state: `${round}${headline}. ${sentence(message)}${explanation && ` ${explanation}`}`,
      next: [remedy, `The commands: ${answersOf(input, state).join('; ')}.`, untilWhen(input)]
        .filter(Boolean)
        .join(' '),
    };
  }
  if (state.outage)
    return {
      state: `${round}${state.doing}. ${outageWords(state.outage)}`,
      next: FAILURES.ServiceUnavailable.remedy.replace('LOOP', name),
    };
  if (state.paused) return { state: `${round}${state.doing}.`, next: whilePaused(input, state) };
  return { state: `${round}${state.doing}.`, next: nextStep(input, state) };
}

/** Every answer that the loop would take, as commands with what each is for. */
function answersOf({ spec }: LoopInput, { attention, ending }: LoopState): string[] {
  if (!attention) return [];
  const command = (answer: string) => `\`deltaloop resolve ${spec.name} ${answer}\``;
  if (ending) return [command('retry')];
  const change = changeFor(attention.type, spec);
  return [
    command('retry'),
    ...(change === null ? [] : [command(`retry --set ${change}`)]),
    ...(attention.canSkip ? [`${command('skip')} (goes on without this round’s metric)`] : []),
    `${command('stop')} (ends the loop)`,
  ];
}

/** What a change could mend, as `--set` takes it; null where nothing that can be changed is to blame. */
function changeFor(type: string, { caps, collector }: LoopInput['spec']): string | null {
  if (/Budget/.test(type)) return `caps.hours=${Math.ceil(caps.hours * MORE_HOURS)}`;
  if (type === 'SourceUnreadable' && collector.kind === 'pool') return 'collector.path=PLACE';
  return type.startsWith('Service') ? 'service=PROFILE' : null;
}

/** As an example of a raised budget. */
const MORE_HOURS = 1.25;

/** How long the loop waits for an answer. */
function untilWhen({ deadline }: LoopInput): string {
  return deadline === null ? '' : `Without an answer the loop ends at ${instant(deadline)}.`;
}

function whilePaused({ spec }: LoopInput, { phase }: LoopState): string {
  const when = phase === 'paused' ? '' : 'The loop pauses after this step. ';
  return `${when}It goes on when somebody types \`deltaloop resume ${spec.name}\`.`;
}

function nextStep(input: LoopInput, state: LoopState): string {
  const { name, collector, task } = input.spec;
  if (state.stop) return 'The loop ends after this step.';
  if (state.phase === 'collecting' && collector.kind === 'people') {
    const command =
      task === 'detection'
        ? `\`deltaloop submit ${name} FILE\`, where FILE is a COCO .json file with boxes.`
        : `\`deltaloop submit ${name} DIR\`, with one sub-folder per class in DIR.`;
    const how = collector.instructions ? sentence(collector.instructions) : '';
    return [`People hand in ${wanted(input.spec, missing(state))}: ${command}`, closing(collector.deadline, state), how]
      .filter(Boolean)
      .join(' ');
  }
  return 'Nobody has to act; the loop goes on by itself.';
}

/** Until when a round collects from people; empty without a deadline. */
function closing(deadline: string | undefined, { collectingSince }: LoopState): string {
  if (deadline === undefined || collectingSince === null) return '';
  return `This round collects until ${instant(collectingSince + durationMs(deadline))}.`;
}

/** A text with a full stop at its end, whoever wrote it. */
export function sentence(text: string): string {
  return /[.!?…]$/.test(text.trimEnd()) ? text.trimEnd() : `${text.trimEnd()}.`;
}
