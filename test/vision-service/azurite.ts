import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import {
  BlobServiceClient,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';

const ACCOUNT = 'tester';
const PROGRAM = fileURLToPath(import.meta.resolve('azurite/dist/src/blob/main.js'));

/** A blob storage on this machine. */
export interface Azurite {
  /** Address of the account; a blob is at `<url>/<container>/<name>`. */
  url: string;
  /** Makes a private container with these blobs. */
  fill(container: string, blobs: Record<string, Buffer>): Promise<void>;
  /** A SAS token that lets a container be read until `expiresOn` (an hour from now if not given). */
  sas(container: string, expiresOn?: Date): string;
  stop(): Promise<void>;
}

/** Starts Azurite in memory, with a key of its own. */
export async function startAzurite(): Promise<Azurite> {
  const key = randomBytes(64).toString('base64');
  const options = ['--blobPort', '0', '--inMemoryPersistence', '--disableTelemetry', '--skipApiVersionCheck'];
  const child = spawn(process.execPath, [PROGRAM, ...options], {
    env: { ...process.env, AZURITE_ACCOUNTS: `${ACCOUNT}:${key}` },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const url = `${await addressOf(child)}/${ACCOUNT}`;
  const credential = new StorageSharedKeyCredential(ACCOUNT, key);
  const blobs = new BlobServiceClient(url, credential);
  return {
    url,
    async fill(container, content) {
      const { containerClient } = await blobs.createContainer(container);
      for (const [name, body] of Object.entries(content)) {
        await containerClient.getBlockBlobClient(name).upload(body, body.length);
      }
    },
    sas(containerName, expiresOn = new Date(Date.now() + 3_600_000)) {
      const permissions = ContainerSASPermissions.parse('rl');
      const startsOn = new Date(Date.now() - 7_200_000);
      return generateBlobSASQueryParameters({ containerName, permissions, startsOn, expiresOn }, credential).toString();
    },
    stop: () => ended(child),
  };
}

async function addressOf(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('Azurite has no stdout');
  for await (const line of createInterface({ input: child.stdout })) {
    const address = /successfully listens? on (\S+)|successfully listening at (\S+)/.exec(line);
    if (address !== null) {
      child.stdout.resume();
      return address[1] ?? address[2] ?? '';
    }
  }
  throw new Error('Azurite ended before it answered');
}

function ended(child: ChildProcess): Promise<void> {
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGKILL');
  return exited;
}
