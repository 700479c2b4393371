import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** An executable shell script. */
export async function script(path: string, body: string): Promise<string> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, 0o755);
  return path;
}

/** What a Temporal CLI answers to `--version`. */
export const VERSION_ANSWER = 'echo "temporal version 1.8.2 (Server 1.31.2, UI 2.50.1)"';

export interface Machine {
  env: NodeJS.ProcessEnv;
  /** First folder of the PATH; empty at first. */
  bin: string;
  /** Where the binary is cached. */
  cache: string;
  said: string[];
  say: (line: string) => void;
}

/** A machine with the system's own tools and an empty cache, without `temporal` and `go`. */
export async function emptyMachine(): Promise<Machine> {
  const root = await temporaryFolder();
  const bin = join(root, 'bin');
  await mkdir(bin);
  const said: string[] = [];
  return {
    env: { PATH: bin, HOME: root, XDG_CACHE_HOME: join(root, 'cache') },
    bin,
    cache: join(root, 'cache', 'deltaloop', 'temporal', '1.8.2'),
    said,
    say: (line) => said.push(line),
  };
}

/** A `go` that builds a given script instead of compiling, and notes each build in `builds.log` beside it. */
export async function fakeGo(bin: string, program = VERSION_ANSWER): Promise<void> {
  const build = `
if [ "$1" = version ]; then echo "go version go1.26.4 linux/amd64"; exit 0; fi
echo build >> "${bin}/builds.log"
echo "go: downloading example.com/module v1.0.0" >&2
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\\n%s\\n' '${program}' > "$2"
/bin/chmod 755 "$2"`;
  await script(join(bin, 'go'), build);
}
