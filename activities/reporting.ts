import { z } from 'zod';
import { type EvaluationImage, readEvaluationSet } from '../data/evaluation-set.ts';
import { thumbnail } from '../data/thumbnail.ts';
import { startWarnings } from '../decide/warnings.ts';
import { DecisionFileSchema, FindingSchema, RoundDrawSchema, VerdictsFileSchema } from '../loop/files.ts';
import type { LoopResult, Recommendation } from '../loop/outcome.ts';
import type { RoundDraw, StoredImage } from '../loop/round.ts';
import { renderReport } from '../report/render-report.ts';
import type { ClassRow, DecisionNote, ReportData, ReportFile, Thumbnail } from '../report/report-data.ts';
import { type LoopFiles, readDraws, readRecords, roundFile } from './loop-files.ts';
import { attemptOf } from './training.ts';

/** Pictures shown: enough to see what came in, few enough for a page that is mailed. */
const DRAWN_PER_CLASS = 2;
const DRAWN_PER_ROUND = 24;
const MISTAKES = 24;

/** Writes `report.html`, the page of a loop that has ended. Derived from the loop's files, so that it can be made again. */
export async function writeReport(files: LoopFiles, result: LoopResult): Promise<void> {
  await files.folder.replace('report.html', await renderReport(await gather(files, result)));
}

async function gather({ folder, spec }: LoopFiles, result: LoopResult): Promise<ReportData> {
  const last = result.rounds;
  const [rounds, decided, set] = await Promise.all([
    readRecords(folder, last),
    readDraws(folder, last),
    readEvaluationSet(folder),
  ]);
  // A loop that ends in the middle of a round has drawn images that no decision knows of.
  const begun = await folder.readRecord(roundFile(last + 1, 'draw'), RoundDrawSchema);
  const draws = begun ? [...decided, begun] : decided;
  const evaluationImages = set.length || null;
  const { metric, margin, patience, claim, target = null } = spec;
  return {
    loop: spec.name,
    title: spec.title ?? spec.name,
    metric,
    target,
    margin,
    patience,
    evaluationImages,
    result,
    rounds,
    decisions: await readDecisions(folder, last),
    classes: classRows(draws, set),
    warnings: startWarnings(
      {
        evaluationImages,
        margin,
        target,
        claim,
      },
      spec.evaluation?.predictions ?? false,
    ),
    findings: await readFindings(folder, last),
    drawn: await Promise.all(
      draws.map(async (draw) => ({
        round: draw.round,
        images: await drawnPictures(folder, draw),
      })),
    ),
    mistakes: result.recommended ? await mistakesOf(folder, result.recommended, set) : [],
    files: await listFiles(folder, last),
    commands: [`deltaloop rounds ${spec.name}`, `deltaloop status ${spec.name}`],
    asOf: result.endedAt,
  };
}

type Folder = LoopFiles['folder'];

async function readDecisions(folder: Folder, last: number): Promise<DecisionNote[]> {
  const found = await Promise.all(
    numbers(last).map((n) => folder.readRecord(roundFile(n, 'decision'), DecisionFileSchema)),
  );
  return found.flatMap((file) => (file ? [file.decision] : []));
}

async function readFindings(folder: Folder, last: number): Promise<ReportData['findings']> {
  const at = async (round: number | null, path: string) =>
    ((await folder.readRecord(path, z.array(FindingSchema))) ?? []).map((finding) => ({ round, finding }));
  const perRound = numbers(last).flatMap((n) => [
    at(n, roundFile(n, 'collect-findings')),
    at(n, roundFile(n, 'findings')),
  ]);
  return (await Promise.all([at(null, 'findings.json'), ...perRound])).flat();
}

function numbers(last: number): number[] {
  return Array.from({ length: last }, (_, i) => i + 1);
}

function classRows(draws: readonly RoundDraw[], set: readonly EvaluationImage[]): ClassRow[] {
  const trained = draws.flatMap(({ images }) => images);
  const names = [...new Set([...trained, ...set].map(({ className }) => className))].sort();
  const count = (images: readonly StoredImage[], name: string) =>
    images.filter(({ className }) => className === name).length;
  return names.map((name) => ({
    name,
    training: count(trained, name),
    evaluation: set.length > 0 ? count(set, name) : null,
  }));
}

async function drawnPictures(folder: Folder, { images }: RoundDraw): Promise<Thumbnail[]> {
  const perClass = Object.values(Object.groupBy(images, ({ className }) => className)).map(
    (group) => group?.slice(0, DRAWN_PER_CLASS) ?? [],
  );
  return pictures(perClass.flat().slice(0, DRAWN_PER_ROUND), (image) => ({
    path: folder.resolve(`images/${image.file}`),
    caption: '',
  }));
}

async function mistakesOf(
  folder: Folder,
  { round, model }: Recommendation,
  set: readonly EvaluationImage[],
): Promise<Thumbnail[]> {
  const file = await folder.readRecord(roundFile(round, `verdicts-${attemptOf(model)}`), VerdictsFileSchema);
  if (!file) return [];
  const tops = new Map(file.predictions.map(({ image, top }) => [image, top[0]]));
  const wrong = set.filter((_, i) => file.accuracyTop1[i] === '0').slice(0, MISTAKES);
  return pictures(wrong, (image) => {
    const [name, confidence] = tops.get(image.sha256) ?? ['nothing', 0];
    return {
      path: folder.resolve(`evaluation/images/${image.file}`),
      caption: `predicted ${name} (${confidence.toFixed(2)})`,
    };
  });
}

type Show = (image: StoredImage) => { path: string; caption: string };

async function pictures(images: readonly StoredImage[], show: Show): Promise<Thumbnail[]> {
  const made = await Promise.all(
    images.map(async (image) => {
      const { path, caption } = show(image);
      const src = await thumbnail(path);
      return src ? [{ src, className: image.className, caption }] : [];
    }),
  );
  return made.flat();
}

async function listFiles(folder: Folder, last: number): Promise<ReportFile[]> {
  const wanted = [
    { what: 'resolved spec', path: 'spec.json' },
    { what: 'frozen evaluation set', path: 'evaluation/set.json' },
    ...numbers(last).flatMap((n) => [
      { what: `images drawn in round ${n}`, path: roundFile(n, 'draw') },
      { what: `training set of round ${n}`, path: roundFile(n, 'coco') },
      { what: `decision of round ${n}`, path: roundFile(n, 'decision') },
    ]),
  ];
  const found = await Promise.all(
    wanted.map(async (file) =>
      (await folder.readJson(file.path)) === undefined
        ? []
        : [{ ...file, sha256: (await folder.refTo(file.path)).sha256 }],
    ),
  );
  return found.flat();
}
