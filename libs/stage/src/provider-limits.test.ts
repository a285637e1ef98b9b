import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readSettings } from '#config';
import { eventually, testRedis } from '#testing';
import { ProviderLimits } from './provider-limits.js';

let processes: ProviderLimits[];

/** As many processes as there may be, sharing one Redis. */
beforeEach(() => {
  const { url, prefix } = testRedis();
  const settings = readSettings({
    REDIS_URL: url,
    QUEUE_PREFIX: prefix,
    CLIP_ASK_SPACING_MS: '40',
    CLIP_SUBMIT_SPACING_MS: '0',
  });
  processes = [1, 2, 3].map(() => new ProviderLimits(settings));
});
afterEach(() => {
  for (const limits of processes) limits.onApplicationShutdown();
});

const limits = (index: number): ProviderLimits => {
  const found = processes[index % processes.length];
  if (!found) throw new RangeError('no such process');
  return found;
};

describe('turns', () => {
  it('come one after another, over all processes', async () => {
    const since = Date.now();
    await Promise.all(Array.from({ length: 11 }, (_, index) => limits(index).turn('clip_ask')));
    expect(Date.now() - since).toBeGreaterThanOrEqual(390);
  });

  it('cost no time where there is no limit', async () => {
    const since = Date.now();
    await Promise.all(Array.from({ length: 50 }, () => limits(0).turn('clip_submit')));
    expect(Date.now() - since).toBeLessThan(200);
  });
});

describe('news of a job', () => {
  it('reaches every process that listens, until it no longer does', async () => {
    const heard: string[] = [];
    const quiet = [1, 2].map((index) => limits(index).listen('job-1', () => heard.push(`process ${index}`)));
    await eventually(
      async () => {
        await limits(0).tell('job-1');
        return new Set(heard).size === 2;
      },
      { what: 'both to hear', timeoutMs: 5_000 },
    );
    for (const end of quiet) end();
    heard.length = 0;
    await limits(0).tell('job-1');
    await limits(0).tell('job-2');
    await sleep(100);
    expect(heard).toEqual([]);
  });
});
