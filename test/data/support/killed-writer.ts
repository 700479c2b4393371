import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

/*
 * Run as a process of its own: `killed-writer.ts HOW STEP PATH SOURCE`. It writes a file and kills itself, as SIGKILL or a power
 * cut would, before call number STEP to the file system; the write of the content counts twice, the second time half-way.
 * It ends with 0 when the write has fewer calls.
 */
const [, , how = '', stepText = '', path = '', source = ''] = process.argv;
let left = Number(stepText);

function step(): void {
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
}

const real = { ...fs };
Object.assign(fs, {
  mkdir: async (...args: Parameters<typeof real.mkdir>) => {
    step();
    return real.mkdir(...args);
  },
  copyFile: async (...args: Parameters<typeof real.copyFile>) => {
    step();
    return real.copyFile(...args);
  },
  link: async (...args: Parameters<typeof real.link>) => {
    step();
    return real.link(...args);
  },
  rename: async (...args: Parameters<typeof real.rename>) => {
    step();
    return real.rename(...args);
  },
  rm: async (...args: Parameters<typeof real.rm>) => {
    step();
    return real.rm(...args);
  },
  open: async (...args: Parameters<typeof real.open>) => {
    step();
    const file = await real.open(...args);
    const sync = file.sync.bind(file);
    file.sync = async () => {
      step();
      return sync();
    };
    file.writeFile = async (content) => {
      step();
      const bytes = Buffer.from(content as Buffer);
      const half = Math.floor(bytes.length / 2);
      await file.write(bytes.subarray(0, half));
      step();
      await file.write(bytes.subarray(half));
    };
    return file;
  },
});
syncBuiltinESMExports();

const { createExclusive, fillFrom, fillWith, replaceWhole } = await import('../../../data/durable.ts');
if (how === 'create') await createExclusive(path, fillWith('the new content'));
if (how === 'replace') await replaceWhole(path, fillWith('the new content'));
if (how === 'copy') await createExclusive(path, fillFrom(source));
