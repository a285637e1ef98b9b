import { settings, type Settings } from '#config';
import { Database } from '#database';
import { Failure, NOTION_QUEUE } from '#pipeline';
import { parseEvent } from '#providers/notion';
import { OutboxRelay, type NotionJob } from '#stage';
import { Processor, WorkerHost } from '@nestjs/bullmq';
import { Inject, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import type { Job } from 'bullmq';
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
    private readonly relay: OutboxRelay,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {
    super();
  }

  onApplicationBootstrap(): void {
    this.worker.opts.limiter = { max: 1, duration: Math.max(1, this.settings.NOTION_REQUEST_SPACING_MS) };
    this.worker.on('error', (error) => {
      this.logger.warn({ event: 'notion_worker_error', error: error.message });
    });
    void this.worker.run();
  }

  async process(job: Work): Promise<void> {
    try {
      if (job.name === 'write_row' && job.data.task_id) await this.sync.writeRow(job.data.task_id);
      else if (job.name === 'read_page' && job.data.event_id) await this.readPage(job.data.event_id);
      else throw new Error(`The Notion queue has no work called ${job.name}`);
    } catch (error) {
      await this.again(job, Failure.from(error));
    }
  }

  private async readPage(id: string): Promise<void> {
    const stored = await this.database.webhookEvents.find(id);
    if (!stored || stored.handledAt) return;
    const event = parseEvent(stored.payload);
    const outcome = event.ok ? await this.sync.readPage(event.value) : 'Skipped: not an event that this release knows';
    await this.database.webhookEvents.handled(id, outcome);
    this.logger.log({ event: 'notion_event_handled', event_id: stored.eventId, outcome });
  }

  private async again(job: Work, failure: Failure): Promise<void> {
    const tries = (job.data.tries ?? 0) + 1;
    this.logger.warn({ event: 'notion_work_failed', name: job.name, tries, code: failure.code, error: failure.message });
    const wait = Math.max(Math.min(FIRST_WAIT_MS * 2 ** (tries - 1), LONGEST_WAIT_MS), failure.retryAfterMs ?? 0);
    const jobId = `${(job.id ?? '').replace(/-t\d+$/, '')}-t${tries}`;
    const payload = { ...job.data, tries };
    await this.database.outbox.add([
      { queue: NOTION_QUEUE, name: job.name, jobId, payload, priority: 2, notBefore: new Date(Date.now() + wait) },
    ]);
    this.relay.wake();
  }
}
