import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FAILURES } from '../../loop/failure.ts';
import { currentDetails } from '../../workflows/details.ts';
import { imageCount, type LoopState, unusedCount } from '../../workflows/loop-state.ts';
import {
  batchOf,
  collecting,
  ending,
  given,
  images,
  minutes,
  perClass,
  step,
  wanted,
} from '../../workflows/summaries.ts';
import { words } from '../../workflows/words.ts';
import { inputOf, recordOf, stateOf } from './states.ts';

const NBSP = '\u00a0';
const SINCE = Date.UTC(2026, 10, 23, 12);

/** The table that begins with this header, as rows of trimmed cells. */
function tableOf(markdown: string, header: string): string[][] {
  const block = markdown.split('\n\n').find((part) => part.startsWith(`| ${header}`)) ?? '';
  const rows = block.split('\n').map((row) => row.split(/(?<!\\)\|/).slice(1, -1));
  return rows.filter((_, i) => i !== 1).map((row) => row.map((cell) => cell.trim()));
}

const attention: LoopState['attention'] = {
  type: 'DiskFull',
  ...FAILURES.DiskFull,
  message: 'Nothing is left on the disk of images',
  step: 'collect',
  round: 2,
  since: '2026-11-23T12:00:00.000Z',
};

describe('current details', () => {
  it('tell a failure with what happened, why such a thing happens, and what to do', () => {
    const input = inputOf();
    const text = currentDetails(input, stateOf(input, { phase: 'needs-attention', attention }));
    const { headline, explanation, remedy } = FAILURES.DiskFull;
    expect(text).toContain(`${headline}. Nothing is left on the disk of images. ${explanation}`);
    expect(text).toContain(remedy);
  });

  it('tell an outage with its beginning and its tries beside the step that waits for its end', () => {
    const input = inputOf();
    const outage = { since: SINCE, tries: 17, message: 'GET /p brought no whole answer (ECONNREFUSED)', told: 2 };
    const text = currentDetails(input, stateOf(input, { phase: 'training', doing: 'Training model m', outage }));
    expect(text).toContain(
      'Training model m. The vision service has not answered since 2026-11-23 12:00 UTC; tried 17 times.',
    );
    expect(text).toContain('`deltaloop stop cats-and-dogs --now`');
  });

  it('tell title, state, what comes next, the standing, the rounds, the decision and the classes', () => {
    const input = inputOf({}, Date.UTC(2026, 11, 24, 18, 30));
    const records = [
      recordOf(),
      recordOf({ round: 2, images: 12, newImages: 4, metric: 0.85, gain: 0.0375, noise: 0.031, comparedWith: 1 }),
    ];
    const state = stateOf(input, {
      phase: 'training',
      doing: 'Training model m on 20 images',
      round: 3,
      records,
      need: {},
      have: { cat: 10, dog: 10 },
      lastDecision: 'Round 2: a real gain.',
      warnings: ['The set is small'],
      budget: { capMinutes: 24 * 60, settledMinutes: 4, reservedMinutes: 60 },
    });
    const text = currentDetails(input, state);
    expect(text.split('\n\n').slice(0, 4)).toEqual([
      '### Is it a cat or a dog?',
      '**Round 3: Training model m on 20 images.**',
      '**Next:** Nobody has to act; the loop goes on by itself.',
      [
        '- accuracyTop1: 0.850, target 0.90, on 240 evaluation images',
        '- 20 training images',
        '- 4 min of 24 h compute used, 1 h reserved',
        '- ends at 2026-12-24 18:30 UTC at the latest',
      ].join('\n'),
    ]);
    expect(tableOf(text, 'Round')).toEqual([
      ['Round', 'Images', 'Metric', `Gain${NBSP}(on)`, 'Noise', 'Cost', 'Decision'],
      ['1', '8', '0.813', '–', '–', `2${NBSP}min`, `go${NBSP}on`],
      ['2', '12', '0.850', `+0.037${NBSP}(1)`, '±0.031', `2${NBSP}min`, `go${NBSP}on`],
    ]);
    expect(tableOf(text, 'Class')).toEqual([
      ['Class', `Training${NBSP}images`],
      ['cat', '10'],
      ['dog', '10'],
    ]);
    expect(text).toContain('**Last decision:** Round 2: a real gain.');
    expect(text).toContain('**To keep in mind**\n\n- The set is small.');
  });

  it('show what people handed in, what is still needed, and batches that nobody has looked at', () => {
    const input = inputOf({ collector: { kind: 'people' }, classes: ['cat', 'dog'] });
    const queue = [{ manifest: { uri: 'file:///m', sha256: 'a' }, counts: { dog: 1 } }];
    const text = currentDetails(input, stateOf(input, { waiting: { cat: 3, dog: 5 }, queue }));
    expect(tableOf(text, 'Class').slice(1)).toEqual([
      ['cat', '0', '3', '1'],
      ['dog', '0', '5', '0'],
    ]);
    expect(text).toContain('Handed in and not looked at yet: 1 batch.');
  });

  it('say that attention is needed, and how to give it from the page they stand on', () => {
    const input = inputOf();
    const text = currentDetails(input, stateOf(input, { phase: 'needs-attention', round: 2, attention }));
    expect(text).toContain('**Needs attention. Round 2: No space is left for the loop’s folder. Nothing is left');
    expect(text).toContain(
      'More Actions, Send an Update, `resolve`, with the data `{"answer": "retry"}` (or `"stop"`;',
    );
    const paused = { by: 'Ada', reason: '' };
    expect(currentDetails(input, stateOf(input, { phase: 'paused', paused }))).toContain('Send an Update, `resume`.');
    expect(currentDetails(input, stateOf(input))).not.toContain('Send an Update');
  });

  it('show what people said last, and every answer that the loop would take now, as commands', () => {
    const input = inputOf({}, Date.UTC(2026, 11, 24, 18, 30));
    const said: LoopState['said'] = [
      {
        sequence: 1,
        kind: 'resolve',
        by: 'ann',
        at: '2026-11-30T14:02:00.000Z',
        reason: 'more *budget*',
        round: 2,
        answer: 'retry',
        set: { 'caps.hours': 30 },
      },
    ];
    const pool = { ...attention, type: 'SourceUnreadable' as const };
    const text = currentDetails(input, stateOf(input, { phase: 'needs-attention', round: 2, attention: pool, said }));
    expect(text).toContain(
      '**What people said last**\n\n- 30 Nov 14:02 UTC ann: retry with caps.hours = 30 – more \\*budget\\*',
    );
    expect(text).toContain('`deltaloop resolve cats-and-dogs retry --set collector.path=PLACE`');
    expect(text).toContain('`deltaloop resolve cats-and-dogs stop` (ends the loop)');
    expect(text).toContain('Without an answer the loop ends at 2026-12-24 18:30 UTC.');
    expect(text).not.toContain(' skip`');
    const training = { ...attention, canSkip: true };
    expect(currentDetails(input, stateOf(input, { round: 2, attention: training }))).toContain('cats-and-dogs skip`');
  });

  it('name what there is not: no evaluation set, no target, no metric', () => {
    const input = inputOf({ evaluation: undefined, target: undefined });
    const frozen = { classes: ['cat', 'dog'], evaluation: null, minImagesPerClass: 2 };
    const text = currentDetails(input, stateOf(input, { frozen, records: [recordOf({ metric: null })] }));
    expect(text).toContain('not measured yet, no target (goes on until more images stop helping)');
    expect(text).toContain('on the service’s own hold-out (optimistic)');
    expect(tableOf(text, 'Round')[1]?.[2]).toBe('none');
  });

  it('keep the latest rounds and the first classes where there are many, and count the others', () => {
    const classes = Array.from({ length: 30 }, (_, i) => `class-${i}`);
    const records = Array.from({ length: 20 }, (_, i) => recordOf({ round: i + 1 }));
    const input = inputOf();
    const frozen = { classes, evaluation: null, minImagesPerClass: 2 };
    const text = currentDetails(input, stateOf(input, { frozen, records, warnings: Array(11).fill('Something.') }));
    expect(tableOf(text, 'Round').map(([round]) => round)).toEqual([
      'Round',
      ...records.slice(8).map((r) => `${r.round}`),
    ]);
    expect(tableOf(text, 'Class')).toHaveLength(25);
    expect(text).toContain('and 8 earlier rounds');
    expect(text).toContain('and 6 more classes');
    expect(text).toContain('- and 3 more');
  });

  it('stay below 20 kB and keep every row of their tables, whatever people write', () => {
    const hostile = fc.string({ unit: fc.constantFrom(...'ab|*_`<>[]\\~&# \n'.split('')), maxLength: 3000 });
    fc.assert(
      fc.property(hostile, hostile, (text, name) => {
        const input = inputOf({ title: text.slice(0, 200) || 'none' });
        const frozen = { classes: Array(40).fill(name), evaluation: null, minImagesPerClass: 2 };
        const state = stateOf(input, {
          frozen,
          doing: text,
          lastDecision: text,
          warnings: Array(40).fill(text),
          records: Array(40).fill(recordOf()),
          attention: attention && { ...attention, message: text },
        });
        const details = currentDetails(input, state);
        expect(Buffer.byteLength(details)).toBeLessThan(20_000);
        const rows = tableOf(details, 'Class');
        expect(rows).toHaveLength(25);
        for (const row of rows) expect(row).toHaveLength(2);
      }),
      { numRuns: 50 },
    );
  });

  it('let nothing of a name become markup', () => {
    const input = inputOf({ title: 'a *b* <img src=x> [c](d) |e| `code`' });
    expect(currentDetails(input, stateOf(input)).split('\n')[0]).toBe(
      '### a \\*b\\* \\<img src=x\\> \\[c\\](d) \\|e\\| `code`',
    );
  });
});

describe('the two sentences', () => {
  it('give the command to answer, to hand in and to resume with', () => {
    const input = inputOf({
      collector: { kind: 'people', instructions: 'One animal per photo', deadline: '3d' },
      classes: ['cat', 'dog'],
    });
    expect(words(input, stateOf(input, { waiting: { cat: 3 }, collectingSince: SINCE })).next).toBe(
      'People hand in 5 images (1–4 per class): `deltaloop submit cats-and-dogs DIR`, with one sub-folder per class in DIR. ' +
        'This round collects until 2026-11-26 12:00 UTC. One animal per photo.',
    );
    expect(words(input, stateOf(input, { attention })).next).toContain('`deltaloop resolve cats-and-dogs retry`');
    const paused = { by: 'Ada', reason: 'lunch' };
    expect(words(input, stateOf(input, { phase: 'paused', paused })).next).toBe(
      'It goes on when somebody types `deltaloop resume cats-and-dogs`.',
    );
    expect(words(input, stateOf(input, { phase: 'training', paused })).next).toMatch(
      /^The loop pauses after this step/,
    );
  });

  it('say that a stop was asked for, and the outcome once there is one', () => {
    const input = inputOf();
    const stop = { now: false, by: 'Ada', reason: '' };
    expect(words(input, stateOf(input, { stop })).next).toBe('The loop ends after this step.');
    const result: LoopState['result'] = {
      schemaVersion: 1,
      loop: 'cats-and-dogs',
      outcome: 'target-reached',
      sentence: 'Target 0.90 reached.',
      recommended: null,
      rounds: 3,
      images: 20,
      billedMinutes: 6,
      unusedImages: 0,
      endedAt: '2026-11-23T12:00:00.000Z',
    };
    expect(words(input, stateOf(input, { result, attention, stop })).state).toBe('Target 0.90 reached.');
  });
});

describe('summaries', () => {
  it('write counts, times and given numbers as people do', () => {
    expect([{}, { a: 5, b: 5 }, { a: 3, b: 8 }].map(perClass)).toEqual(['none', '5 per class', '3–8 per class']);
    expect(images({ a: 1 })).toBe('1 image (1 per class)');
    expect([0, 12, 60, 65].map(minutes)).toEqual(['0 min', '12 min', '1 h', '1 h 5 min']);
    expect([0.9, 0.84, 0.845, 1].map(given)).toEqual(['0.90', '0.84', '0.845', '1.00']);
    expect([step(0, 'prepare'), step(3, 'train')]).toEqual(['prepare', 'Round 3 · train']);
  });

  it('carry the last metric on to the next step, also a metric of zero, and over a round without one', () => {
    const zero = recordOf({ metric: 0 });
    expect(collecting({ a: 2 }, [])).toBe('collect 2 images (2 per class)');
    expect(collecting({ a: 2 }, [zero, recordOf({ round: 2, metric: null })])).toBe(
      'collect 2 images (2 per class); round 1 reached 0.000',
    );
    expect(ending('stopped', [recordOf()])).toBe('end as stopped; round 1 reached 0.813');
  });

  it('fit the timeline, which cuts a label at 120 characters, up to long names and large numbers', () => {
    const need = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`class-${i}`, 100 + (i % 900)]));
    const label = step(9999, collecting(need, [recordOf({ round: 9998 })]));
    expect(label.length).toBeLessThan(120);
  });
});

describe('a loop that runs detectors', () => {
  const input = inputOf({ task: 'detection', collector: { kind: 'people' }, classes: ['cat', 'dog'] });
  const state = stateOf(input, {
    need: { cat: 0, dog: 2 },
    have: { cat: 6, dog: 4 },
    images: 7,
    surplus: { cat: 2 },
    waiting: { dog: 1 },
    waitingImages: 1,
  });

  it('counts images apart from classes, since an image counts for every class that it shows', () => {
    const text = currentDetails(input, state);
    expect(text).toContain('- meanAveragePrecision50: not measured yet, target 0.90');
    expect(text).toContain('- 7 training images');
    expect(tableOf(text, 'Class')).toEqual([
      ['Class', `Training${NBSP}images`, 'Surplus', `Handed${NBSP}in`, `Still${NBSP}needed`],
      ['cat', '6', '2', '0', '0'],
      ['dog', '4', '0', '1', '1'],
    ]);
    const queue = [{ manifest: { uri: 'file:///x', sha256: '0' }, counts: { cat: 3, dog: 3 }, images: 4 }];
    expect(unusedCount({ ...state, queue })).toBe(5);
    expect(imageCount(state)).toBe(7);
  });

  it('asks for images with boxes, handed in as a COCO file', () => {
    expect(words(input, state).next).toMatch(
      /^People hand in images with boxes \(0–1 per class\): `deltaloop submit .* FILE`, where FILE is a COCO/,
    );
    expect(collecting({ cat: 3, dog: 3 }, [], 'detection')).toBe('collect images with boxes (3 per class)');
    expect(wanted({ task: 'classification' }, { cat: 3 })).toBe('3 images (3 per class)');
    expect(batchOf({ manifest: { uri: '', sha256: '' }, counts: { cat: 3, dog: 2 }, images: 4 })).toBe(
      '4 images (2–3 per class)',
    );
  });
});
