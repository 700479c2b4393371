import { describe, expect, it } from 'vitest';
import { learningCurveSvg } from '../../report/learning-curve.ts';
import { renderReport } from '../../report/render-report.ts';
import { exampleReport, PIXEL } from './example.ts';

const VOID = new Set(['meta', 'img', 'br', 'wbr']);

/** Names the first tag that is not closed in order; null where all are. */
function unbalanced(page: string): string | null {
  const open: string[] = [];
  for (const [, slash, name = '', rest = ''] of page
    .replace('<!DOCTYPE html>', '')
    .matchAll(/<(\/?)([a-zA-Z0-9]+)([^>]*)>/g)) {
    if (VOID.has(name) || rest.endsWith('/')) continue;
    if (slash === '') open.push(name);
    else if (open.pop() !== name) return name;
  }
  return open.at(-1) ?? null;
}

/** The example with this text in every place that a person or a file can fill. */
function withText(text: string) {
  const data = exampleReport();
  const finding = { severity: 'error' as const, code: 'leak-exact', where: text, message: text, fix: text };
  return {
    ...data,
    loop: text,
    title: text,
    metric: text,
    classes: [{ name: text, training: 1, evaluation: null }],
    warnings: [text],
    decisions: [{ round: 1, sentence: text, warnings: [text], realGain: false, interval: null }],
    rounds: data.rounds.map((round) => ({ ...round, decision: text })),
    result: null,
    drawn: [{ round: 1, images: [{ ...PIXEL, className: text, caption: text }] }],
    mistakes: [{ ...PIXEL, className: text, caption: text }],
    findings: [{ round: null, finding }],
    files: [{ what: text, path: text, sha256: text }],
    commands: [text],
    asOf: text,
  };
}

describe('the report', () => {
  it('tells the outcome, the recommended model, every round, every decision and every file', async () => {
    const data = exampleReport();
    const page = (await renderReport(data)).replaceAll('\u00a0', ' ');
    const told = [
      data.title,
      data.result?.sentence,
      data.result?.recommended?.model,
      ...data.decisions.map(({ sentence }) => sentence),
      ...data.decisions.flatMap(({ warnings }) => warnings),
      ...data.rounds.map(({ decision }) => decision),
      ...data.classes.map(({ name }) => name),
      ...data.files.map(({ sha256 }) => sha256),
      'predicted flag (0.61)',
      'duplicate-exact',
      'New in round 2',
    ];
    for (const text of told) expect(page).toContain(text);
    expect(page.match(/<tr class="recommended">/g)).toHaveLength(1);
  });

  it('tells a finding that comes back once, with its rounds, and cuts long hashes in it', async () => {
    const hash = '0e45f7770393'.padEnd(64, 'a');
    const found = (images: number) => ({
      severity: 'warning' as const,
      code: 'image-low-resolution',
      where: `images/${hash}.png`,
      message: `${images} images are small; the smallest is images/${hash}.png`,
      fix: 'Prefer larger ones.',
    });
    const findings = [null, 1, 2, 4].map((round, i) => ({ round, finding: found(i) }));
    const page = await renderReport({ ...exampleReport(), findings, files: [] });
    expect(page.match(/image-low-resolution/g)).toHaveLength(2);
    expect(page).toContain('before round 1');
    expect(page).toContain('rounds 1, 2, 4');
    expect(page).toContain('3 images are small; the smallest is images/0e45f7770393*.png');
    expect(page).not.toContain(hash);
  });

  it('shows a detector’s classes with surplus and precision, and what it found and missed', async () => {
    const data = exampleReport();
    const classes = data.classes.map((row, at) => ({
      ...row,
      surplus: at,
      averagePrecision50: at === 0 ? null : 0.4375,
    }));
    const mistakes = [{ ...PIXEL, className: 'animal, face', caption: 'found 1 of 3; missed face, face' }];
    const page = await renderReport({
      ...data,
      task: 'detection',
      metric: 'meanAveragePrecision50',
      classes,
      mistakes,
    });
    for (const text of ['AP50', 'surplus', '0.438', 'Found and missed', 'missed face, face', '(bootstrap)'])
      expect(page).toContain(text);
    expect(unbalanced(page)).toBeNull();
    expect(await renderReport(data)).not.toMatch(/AP50|surplus|Found and missed/);
  });

  it('says how many images people handed in for nothing, and nothing where there are none', async () => {
    const data = exampleReport();
    const { result } = data;
    if (result === null) throw new Error('the example has ended');
    const ended = (unusedImages: number) => renderReport({ ...data, result: { ...result, unusedImages } });
    expect(await ended(285)).toContain('285 images were handed in and not used.');
    expect(await ended(1)).toContain('1 image was handed in and not used.');
    expect(await ended(0)).not.toContain('handed in');
  });

  it('breaks a long metric name between its words, and a moment not at all', async () => {
    const page = await renderReport({ ...exampleReport(), metric: 'meanAveragePrecision50' });
    const pieces = ['mean', 'Average', 'Precision50'].map((word) => `<wbr><span class="whole">${word}</span>`);
    expect(page).toContain(`scope="col">${pieces.join('')}</th>`);
    expect(page).toContain('as of <span class="whole">2026-11-23 14:00 UTC</span>');
  });

  it('draws the bars of the decisions’ own intervals', async () => {
    const data = exampleReport();
    const wide = data.decisions.map((decision) => ({ ...decision, interval: [0.1, 0.99] as [number, number] }));
    expect(await renderReport({ ...data, decisions: wide })).not.toBe(await renderReport(data));
  });

  it('is well-formed: every element is closed in order', async () => {
    expect(await renderReport(exampleReport()).then(unbalanced)).toBeNull();
    expect(await renderReport(withText('<b>"x" & \'y\'</i>')).then(unbalanced)).toBeNull();
    expect(unbalanced('<p><b>x</p></b>')).toBe('p');
  });

  it('asks nothing of the network: no address, no script, and a policy that forbids both', async () => {
    const page = await renderReport(exampleReport());
    expect(page.replaceAll(/base64,[^"]*/g, '')).not.toMatch(/https?:|\/\/[a-z]|<script|<link|@import|url\(/i);
    expect(page).toContain(
      `content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"`,
    );
    expect(page.match(/\s(?:src|href|xlink:href)="(?!data:image\/)[^"]*"/g)).toBeNull();
  });

  it('escapes every text that a person or a file can fill', async () => {
    const page = await renderReport(withText('<script>alert("1")</script>\'" onload="x'));
    expect(page).not.toContain('<script');
    expect(page).not.toMatch(/<[a-zA-Z]+(?:\s+[\w:-]+="[^"]*")*\s+onload=/);
    expect(page.match(/&lt;script&gt;/g)?.length).toBeGreaterThan(15);
  });

  it('refuses a thumbnail that is no picture inside the page, naming its class', async () => {
    for (const src of [
      'https://example.org/a.png',
      'data:text/html;base64,AAAA',
      'data:image/svg+xml;base64,AAAA',
      'data:image/png;base64,A"x',
    ]) {
      const data = { ...exampleReport(), mistakes: [{ src, className: 'flag', caption: '' }] };
      await expect(renderReport(data)).rejects.toThrow('a thumbnail of class flag is no data: URI of a raster image');
    }
  });

  it('is the same page for the same data', async () => {
    expect(await renderReport(exampleReport())).toBe(await renderReport(exampleReport()));
  });

  it('says what is missing: no round yet, no metric, nothing recommended, a hold-out metric', async () => {
    const data = exampleReport();
    const young = await renderReport({
      ...data,
      result: null,
      rounds: [],
      decisions: [],
      drawn: [],
      mistakes: [],
      findings: [],
      files: [],
    });
    expect(young).toContain('No round is decided yet.');
    expect(young).toContain('No round has a metric.');
    const holdOut = await renderReport({ ...data, evaluationImages: null });
    expect(holdOut).toContain('accuracyTop1 (hold-out)');
    expect(holdOut).toContain('>target-reached (hold-out)</span>');
    expect(holdOut).toContain('The hold-out metric has no bars');
    if (data.result === null) throw new Error('the example has ended');
    expect(await renderReport({ ...data, result: { ...data.result, recommended: null } })).toContain(
      'no round has a metric',
    );
  });
});

describe('the learning curve', () => {
  const curve = { ...exampleReport(), recommendedRound: 6 };
  const marks = (svg: string | null, role: string) =>
    svg?.match(new RegExp(`mark-${role} role-mark`, 'g'))?.length ?? 0;
  const described = (svg: string | null) => svg?.match(/aria-roledescription="point"/g)?.length ?? 0;

  it('has a point for every round with a metric and a ring around the recommended one', async () => {
    expect(described(await learningCurveSvg(curve))).toBe(7);
    expect(described(await learningCurveSvg({ ...curve, recommendedRound: null }))).toBe(6);
    const diverged = curve.rounds.map((round) => (round.round === 3 ? { ...round, metric: null } : round));
    expect(described(await learningCurveSvg({ ...curve, rounds: diverged }))).toBe(6);
  });

  it('shows the target and the bars only where there are such', async () => {
    const full = await learningCurveSvg(curve);
    expect(full).toContain('>target 0.84</text>');
    const bare = await learningCurveSvg({ ...curve, target: null, evaluationImages: null });
    expect(bare).not.toContain('target');
    expect(marks(full, 'rule') - marks(bare, 'rule')).toBe(2);
  });

  it('is logarithmic from fourfold growth on, and linear below', async () => {
    expect(await learningCurveSvg(curve)).toContain('>training images (log scale)</text>');
    expect(await learningCurveSvg({ ...curve, rounds: curve.rounds.slice(0, 3) })).toContain('>training images</text>');
  });

  it('holds a single round, a metric of 1 and a metric of 0', async () => {
    for (const metric of [0, 1]) {
      const rounds = curve.rounds.slice(0, 1).map((round) => ({ ...round, metric }));
      const svg = await learningCurveSvg({ ...curve, rounds, target: null });
      expect(described(svg)).toBe(1);
      expect(svg).not.toContain('NaN');
    }
  });

  it('is none when no round has a metric', async () => {
    expect(await learningCurveSvg({ ...curve, rounds: [] })).toBeNull();
  });
});
