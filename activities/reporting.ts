import { z } from 'zod';
import { readEvaluationSet } from '../data/evaluation-set.ts';
import { readJournal } from '../data/journal.ts';
import { startWarnings } from '../decide/warnings.ts';
import { type DecisionFile, DecisionFileSchema, FindingSchema, RoundDrawSchema } from '../loop/files.ts';
import type { LoopResult } from '../loop/outcome.ts';
import { renderReport } from '../report/render-report.ts';
import type { ReportData, ReportFile } from '../report/report-data.ts';
import { type LoopFiles, readDraws, readRecords, roundFile, taskOf } from './loop-files.ts';
import { classRows } from './report-classes.ts';
import { drawnPictures, mistakesOf } from './report-pictures.ts';
import { trainingLines } from './report-trainings.ts';
import { readSubsets } from './subsets.ts';

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
  const decisionFiles = await readDecisions(folder, last);
  const { task, metric, margin, patience, claim, target = null } = spec;
  return {
    loop: spec.name,
    title: spec.title ?? spec.name,
    task,
    metric,
    target,
    margin,
    patience,
    evaluationImages,
    capImages: spec.caps.images ?? null,
    subsets: decisionFiles.at(-1)?.input.subsets ?? [],
    result,
    rounds,
    trainings: await trainingLines(folder, last + 1),
    decisions: decisionFiles.map(({ decision }) => decision),
    classes: await classRows({ folder, spec }, { draws, set, recommended: result.recommended }),
    warnings: [
      ...startWarnings(
        { evaluationImages, margin, target, claim, ...taskOf(spec) },
        spec.evaluation?.predictions ?? false,
      ),
      ...((await readSubsets({ folder }))?.notes ?? []),
    ],
    findings: await readFindings(folder, last),
    journal: await readJournal(folder),
    drawn: await Promise.all(
      draws.map(async (draw) => ({
        round: draw.round,
        images: await drawnPictures(folder, draw),
      })),
    ),
    mistakes: result.recommended ? await mistakesOf({ folder, task }, result.recommended, set) : [],
    files: await listFiles(folder, last),
    commands: [`deltaloop rounds ${spec.name}`, `deltaloop status ${spec.name}`],
    asOf: result.endedAt,
  };
}

type Folder = LoopFiles['folder'];

async function readDecisions(folder: Folder, last: number): Promise<DecisionFile[]> {
  const found = await Promise.all(
    numbers(last).map((n) => folder.readRecord(roundFile(n, 'decision'), DecisionFileSchema)),
  );
  return found.filter((file) => file !== undefined);
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
