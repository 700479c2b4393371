/** A program that says it is ready, or ends before that. */
if (process.env['MODE'] === 'bad') {
  process.stderr.write('no key in the environment\n');
  process.exit(3);
}
process.stdout.write('{"level":30,"msg":"starting"}\n{"ready":true,"url":"http://127.0.0.1:1"}\n');
setInterval(() => undefined, 1000);
