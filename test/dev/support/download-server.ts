import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { script } from './fakes.ts';

export interface DownloadBehaviour {
  /** Status of the first answer; 200 when left out. */
  status?: number;
  /** Shell code of the program in the archive. */
  program?: string;
  fileToExtract?: string;
  /** Send only half of the archive. */
  cutArchive?: boolean;
}

/** A server that gives away archives as Temporal's does. */
export async function downloadServer(behaviour: DownloadBehaviour): Promise<{ address: string; asked: string[] }> {
  const asked: string[] = [];
  const archive = await makeArchive(behaviour.program ?? 'exit 1');
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (request.url === '/archive.tar.gz') {
      response.writeHead(200, { 'content-length': archive.length });
      if (behaviour.cutArchive) response.write(archive.subarray(0, archive.length / 2), () => response.destroy());
      else response.end(archive);
      return;
    }
    response.writeHead(behaviour.status ?? 200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({ archiveUrl: `${base()}/archive.tar.gz`, fileToExtract: behaviour.fileToExtract ?? 'temporal' }),
    );
  });
  const base = (): string => {
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('the server does not listen');
    return `http://127.0.0.1:${address.port}`;
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { address: `${base()}/cli`, asked };
}

async function makeArchive(program: string): Promise<Buffer> {
  const folder = await temporaryFolder();
  await script(join(folder, 'temporal'), program);
  execFileSync('tar', ['-czf', join(folder, 'archive.tar.gz'), '-C', folder, 'temporal']);
  return readFile(join(folder, 'archive.tar.gz'));
}
