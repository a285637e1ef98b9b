import { Queue, Worker } from 'bullmq';
import { monotonic } from './record.js';

/** Jobs that a bare queue runs to get warm, and that are measured then. */
const [WARM, MEASURED] = [1_000, 5_000];

/** How many jobs that do nothing a bare queue runs in a second, in this process. */
export async function bareJobsPerSecond(redisUrl: string, concurrency: number): Promise<number> {
  const options = { connection: { url: redisUrl, maxRetriesPerRequest: null }, prefix: 'bare' };
  const queue = new Queue('bare', options);
  const round = async (count: number) => {
    await queue.addBulk(Array.from({ length: count }, () => ({ name: 'nothing', data: {}, opts: { removeOnComplete: true } })));
    const { promise, resolve } = Promise.withResolvers<undefined>();
    let left = count;
    const work = () => {
      left -= 1;
      if (left === 0) resolve(undefined);
      return Promise.resolve();
    };
    const from = monotonic();
    const worker = new Worker('bare', work, { ...options, concurrency });
    await promise;
    const seconds = (monotonic() - from) / 1_000;
    await worker.close();
    return count / seconds;
  };
  await round(WARM);
  const perSecond = await round(MEASURED);
  await queue.close();
  return perSecond;
}
