import { beforeAll, describe, expect, it } from 'vitest';
import { forecastOf, noForecast } from '../report/forecasts.ts';
import { missingFrom } from '../support/missing.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { curvedLoop, finishedLoop } from './loop-on-disk.ts';
import { inProcess } from './run-cli.ts';

const NO_SERVER = { TEMPORAL_ADDRESS: '127.0.0.1:1' };
const HEADING = 'accuracyTop1 by training images, log scale';
let home: string;

beforeAll(async () => {
  home = await temporaryFolder();
  await finishedLoop(home);
  await curvedLoop(home, 'curved', forecastOf({ from: 9, last: 40, horizon: 120 }));
  await curvedLoop(home, 'young', noForecast(2));
});

const run = (args: string[], width?: number) =>
  inProcess(args, { home, env: NO_SERVER, ...(width !== undefined && { width }) });

describe('the learning curve on a terminal', () => {
  it.each(['status', 'rounds'])('is drawn by %s with its forecast, no wider than the terminal', async (command) => {
    for (const width of [60, 80, 120]) {
      const { code, stdout, stderr } = await run([command, 'curved'], width);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(
        missingFrom(stdout, [
          HEADING,
          '░ forecast, 80 %',
          '╌ target 0.85',
          'The last forecast says: about 120 more images',
        ]),
      ).toEqual([]);
      const picture = stdout.slice(stdout.indexOf(HEADING)).split('\n');
      for (const line of picture.slice(0, picture.indexOf(''))) expect(line.length).toBeLessThanOrEqual(width);
    }
  });

  it('is left out where there is no room, no terminal, or only one point', async () => {
    expect((await run(['rounds', 'curved'], 40)).stdout).not.toContain('┤');
    expect((await run(['rounds', 'curved'])).stdout).not.toContain('┤');
    expect(await run(['status', 'colours'], 80)).toMatchObject({
      stdout: expect.not.stringContaining('┤'),
      stderr: '',
    });
    expect((await run(['rounds', 'curved', '--md'], 80)).stdout).not.toContain('┤');
    expect((await run(['status', 'curved', '--json'], 80)).stdout).not.toContain('┤');
  });

  it('comes with --curve also without a terminal, or with the reason why not', async () => {
    for (const command of ['status', 'rounds'])
      expect((await run([command, 'curved', '--curve'])).stdout).toContain(HEADING);
    expect((await run(['rounds', 'colours', '--curve'])).stderr).toBe(
      'A curve is drawn from two measured points on.\n',
    );
    expect((await run(['rounds', 'curved', '--curve'], 40)).stderr).toContain('needs 48 columns; this terminal has 40');
    for (const args of [
      ['status', 'curved', '--curve', '--json'],
      ['rounds', 'curved', '--curve', '--csv'],
    ])
      expect(await run(args)).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot be used with') });
  });

  it('says why there is no band', async () => {
    const { stdout } = await run(['rounds', 'young'], 100);
    expect(stdout).toContain(HEADING);
    expect(stdout).toContain('Nothing was forecast: 2 points of the curve, too few to extrapolate (3 are needed).');
    expect(stdout).not.toContain('░');
  });
});
