/** Work that goes on until it is interrupted, and then tidies up. */
import { once } from 'node:events';
import { interruptible } from '../../../dev/interrupt.ts';

const forever = setInterval(() => undefined, 1000);
process.exitCode = await interruptible(async (signal) => {
  process.stdout.write('working\n');
  await once(signal, 'abort');
  clearInterval(forever);
  process.stdout.write('tidied up\n');
  return 0;
});
