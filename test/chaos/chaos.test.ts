import { expect, it } from '@jest/globals';
import { describeReport } from './report.js';
import { runChaos } from './run.js';

/** The same every time; `npm run test:chaos` runs others, and longer. */
const SEED = 20_261_121;

it('loses nothing and pays for nothing twice, whatever is killed, emptied or cut off', async () => {
  const events: string[] = [];
  const report = await runChaos({
    videos: 3,
    channels: 2,
    scenes: 2,
    minutes: 1,
    faults: 0.2,
    clipSeconds: 0,
    seed: SEED,
    onEvent: (text) => events.push(text),
  });
  // What happened belongs to the failure: a run is seen once.
  const about = { log: [...events, describeReport(report)].join('\n') };
  expect({ wrong: report.findings.wrong, ...about }).toEqual({ wrong: [], ...about });
  expect(report.findings.published).toBe(3);
  expect(report.findings.recoveredShare).toBeGreaterThanOrEqual(0.8);
  expect(report.webhook.withoutRedis).toEqual([202]);
  expect([report.webhook.withoutPostgres, report.webhook.withoutPostgresLater]).toEqual([[503], [202]]);
  expect(Math.max(...report.wholeAgainMs)).toBeLessThan(90_000);
  expect(report.crashed.length).toBeGreaterThan(0);
}, 900_000);
