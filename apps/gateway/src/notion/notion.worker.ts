import { setTimeout as sleep } from 'node:timers/promises';
import { settings, type Settings } from '#config';
import { Database } from '#database';
import { Failure, NOTION_QUEUE } from '#pipeline';
import { parseEvent, type Turn } from '#providers/notion';
import type { NotionJob } from '#stage';
import { InjectQueue, Processor, WorkerHost } from '@nestjs/bullmq';
import { Inject, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import type { Job, Queue } from 'bullmq';
import { NotionSync } from './notion-sync.js';

/** Waits between tries (ms): a minute, two, four, and so on up to an hour. */
const FIRST_WAIT_MS = 60_000;
const LONGEST_WAIT_MS = 3_600_000;

type Work = Job<{ tries?: number } & Partial<NotionJob['write_row'] & NotionJob['read_page']>>;

/** Works everything that is asked from or said to Notion, at the pace that Notion allows. What fails is tried again later and holds up nothing. */
@Processor(NOTION_QUEUE, {
  autorun: false,
  concurrency: 1,
  drainDelay: 1,
  lockDuration: 30_000,
  stalledInterval: 10_000,
  maxStalledCount: 20,
})
export class NotionWorker extends WorkerHost implements OnApplicationBootstrap {
  private readonly logger = new Logger(NotionWorker.name);

  constructor(
    private readonly sync: NotionSync,
    private readonly database: Database,
    @Inject(settings.KEY) private readonly settings: Settings,
    @InjectQueue(NOTION_QUEUE) private readonly queue: Queue,
  ) {
    super();
  }

  onApplicationBootstrap(): void {
    // The queues speak of a Redis that is away.
    this.worker.on('error', () => undefined);
    const { NOTION_TOKEN, SIMULATOR_URL } = this.settings;
    if (!NOTION_TOKEN && !SIMULATOR_URL) {
      this.logger.log({ event: 'notion_worker_off', hint: 'NOTION_TOKEN is not set: rows are neither read nor written.' });
      return;
    }
    this.worker.opts.limiter = { max: 1, duration: this.spacingMs() };
    void this.worker.run();
  }

  async process(job: Work): Promise<void> {
    const turn = this.turns();
    try {
      if (job.name === 'write_row' && job.data.task_id) await this.sync.writeRow(job.data.task_id, turn);
      else if (job.name === 'read_page' && job.data.event_id) await this.readPage(job.data.event_id, turn);
      else if (job.name === 'sweep_rows') await this.sync.sweep(turn);
      else this.logger.error({ event: 'notion_work_unknown', name: job.name });
    } catch (error) {
      await this.again(job, Failure.from(error));
    }
  }

  private async readPage(id: string, turn: Turn): Promise<void> {
    const stored = await this.database.webhookEvents.find(id);
    if (!stored || stored.handledAt) return;
    const event = parseEvent(stored.payload);
    const outcome = event.ok ? await this.sync.readPage(event.value, turn) : 'Skipped: not an event that this release knows';
    await this.database.webhookEvents.handled(id, outcome);
    this.logger.log({ event: 'notion_event_handled', event_id: stored.eventId, outcome });
  }

  private async again(job: Work, failure: Failure): Promise<void> {
    if (job.name === 'sweep_rows') {
      // The next one is never far away.
      this.logger.warn({ event: 'notion_sweep_failed', code: failure.code, error: failure.message });
      if (failure.retryAfterMs) await this.queue.rateLimit(failure.retryAfterMs);
      return;
    }
    const tries = (job.data.tries ?? 0) + 1;
    this.logger.warn({ event: 'notion_work_failed', name: job.name, tries, code: failure.code, error: failure.message });
    const wait = Math.max(Math.min(FIRST_WAIT_MS * 2 ** (tries - 1), LONGEST_WAIT_MS), failure.retryAfterMs ?? 0);
    // The job's own id: while this wait is in the outbox, nobody can issue the same work a second time beside it.
    const jobId = job.id ?? '';
    await this.database.outbox.add([
      { queue: NOTION_QUEUE, name: job.name, jobId, payload: { ...job.data, tries }, priority: 2, notBefore: new Date(Date.now() + wait) },
    ]);
    // What Notion says to one request holds for all of them, in every process.
    if (failure.retryAfterMs) await this.queue.rateLimit(failure.retryAfterMs);
  }

  /** The queue's limiter paces a job's first request; before each further one the queue is held back for as long as that takes. */
  private turns(): Turn {
    let first = true;
    return async () => {
      if (!first) {
        await this.queue.rateLimit(2 * this.spacingMs());
        await sleep(this.spacingMs());
      }
      first = false;
    };
  }

  private spacingMs(): number {
    return Math.max(1, this.settings.NOTION_REQUEST_SPACING_MS);
  }
}
