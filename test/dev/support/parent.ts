/** Starts a child, prints its first line, and waits to be killed. */
import { Child } from '../../../dev/child.ts';

const [command = '', logs = ''] = process.argv.slice(2);
const child = await Child.start({ name: 'program', command, args: [], env: process.env, logs });
child.onLine((line) => process.stdout.write(`${line}\n`));
