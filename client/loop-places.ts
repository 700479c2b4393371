import { access } from 'node:fs/promises';
import { LoopFolder } from '../data/loop-folder.ts';
import { uiLink } from './ui-link.ts';

/** Where more about a loop is found; null for what is not there or not known. */
export interface LoopPlaces {
  /** The page `report.html` of the loop's folder. */
  report: string | null;
  /** The loop's folder. */
  folder: string | null;
  uiUrl: string | null;
}

/** Looks up where a loop's files and its page in the Temporal UI are. */
export async function loopPlaces(home: string, loop: string, namespace?: string): Promise<LoopPlaces> {
  const folder = LoopFolder.at(home, loop);
  return {
    report: await ifThere(folder.resolve('report.html')),
    folder: await ifThere(folder.path),
    uiUrl: await uiLink({ home, loop, ...(namespace !== undefined && { namespace }) }),
  };
}

async function ifThere(path: string): Promise<string | null> {
  return access(path).then(
    () => path,
    () => null,
  );
}

/** The places that are known, a line each. */
export function placesText({ report, folder, uiUrl }: LoopPlaces): string {
  const lines = [report && `Report: ${report}`, folder && `Files: ${folder}`, uiUrl && `Temporal UI: ${uiUrl}`];
  return lines.filter(Boolean).join('\n');
}
