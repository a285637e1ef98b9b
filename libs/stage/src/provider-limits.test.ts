import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readSettings } from '#config';
import { eventually, testRedis } from '#testing';
import { ProviderLimits } from './provider-limits.js';

const idle = new AbortController().signal;
let processes: ProviderLimits[];

/** As many processes as there may be, sharing one Redis. */
beforeEach(() => {
  const { url, prefix } = testRedis();
  const settings = readSettings({
    REDIS_URL: url,
    QUEUE_PREFIX: prefix,
    ELEVENLABS_AT_ONCE: '3',
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

/** Holds places from every process for a while; returns how many were held at most. */
async function busy(items: number, ms: number): Promise<number> {
  let [now, most] = [0, 0];
  await Promise.all(
    Array.from({ length: items }, (_, index) =>
      limits(index).holding('elevenlabs', `item-${index}`, idle, async () => {
        now += 1;
        most = Math.max(most, now);
        await sleep(ms);
        now -= 1;
      }),
    ),
  );
  return most;
}

describe('places at a provider', () => {
  it('are never more than its setting says, over all processes, and all are used', async () => {
    expect(await busy(12, 60)).toBe(3);
  }, 20_000);

  it('are as few as the provider says, when that is less', async () => {
    await limits(0).learn('elevenlabs', 2);
    expect(await busy(6, 60)).toBe(2);
    await limits(0).learn('elevenlabs', 10);
    expect(await busy(9, 60)).toBe(3);
  }, 20_000);

  it('are without end where nobody has set one', async () => {
    const together = await Promise.all(
      Array.from({ length: 20 }, (_, index) => limits(index).holding('litterbox', `item-${index}`, idle, () => Promise.resolve(index))),
    );
    expect(together).toHaveLength(20);
  });

  it('cost an item nothing when none comes free: it waits', async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<undefined>();
    const holders = [0, 1, 2].map((index) => limits(index).holding('elevenlabs', `holder-${index}`, idle, () => held));
    await sleep(50);
    const stop = AbortSignal.timeout(300);
    await expect(limits(0).holding('elevenlabs', 'late', stop, () => Promise.resolve())).rejects.toMatchObject({
      code: 'PROVIDER_FULL',
      kind: 'waiting',
    });
    release(undefined);
    await Promise.all(holders);
  });

  it('come back when work fails', async () => {
    for (let round = 0; round < 5; round++)
      await expect(limits(round).holding('elevenlabs', `bad-${round}`, idle, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await busy(3, 10)).toBe(3);
  });
});

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
