import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { ZipFile } from 'yazl';
import { type Fill, fillStream } from '../data/durable.ts';
import { MANIFEST, type Manifest } from './export-format.ts';
import { isImage } from './verify-kinds.ts';

const MODE = 0o100600;

/**
 * Streams files of a loop's folder into a ZIP file, images as they are and the rest deflated, and last the manifest with the
 * hash of the bytes that went in: of a loop that runs, too, the manifest says what the file holds. ZIP64 where it is needed.
 * @param zip.manifest its `files` are filled in.
 */
export function zipFiles({ folder, files, manifest }: ZipJob): Fill {
  return async (temporary) => {
    const zip = new ZipFile();
    const output = Readable.from(zip.outputStream as Readable);
    zip.on('error', (error: Error) => output.destroy(error));
    manifest.files = [];
    for (const path of files) {
      zip.addReadStreamLazy(`${manifest.loop}/${path}`, { mode: MODE, compress: !isImage(path) }, (deliver) =>
        deliver(null, counted(join(folder, path), path, manifest)),
      );
    }
    // Asked for when all before it are in.
    zip.addReadStreamLazy(MANIFEST, { mode: MODE }, (deliver) =>
      deliver(null, Readable.from([Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`)])),
    );
    zip.end();
    await fillStream(output)(temporary);
  };
}

interface ZipJob {
  folder: string;
  /** Relative to the folder. */
  files: readonly string[];
  manifest: Manifest;
}

function counted(file: string, path: string, manifest: Manifest): Readable {
  const sum = createHash('sha256');
  let bytes = 0;
  const through = new Transform({
    transform: (piece: Buffer, _encoding, done) => {
      sum.update(piece);
      bytes += piece.length;
      done(null, piece);
    },
    flush: (done) => {
      manifest.files.push({ path, sha256: sum.digest('hex'), bytes });
      done();
    },
  });
  return createReadStream(file)
    .on('error', (error) => through.destroy(error))
    .pipe(through);
}
