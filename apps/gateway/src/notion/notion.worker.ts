import { settings, type Settings } from '#config';
import { Database } from '#database';
import { Failure, NOTION_QUEUE } from '#pipeline';
import type { NotionJob } from '#stage';
import { Processor, WorkerHost } from '@nestjs/bullmq';
import { Inject, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import type { Job } from 'bullmq';
import { NotionChannels } from './notion-channels.js';
import { NotionConnection } from './notion-connection.js';
import { NotionInbox } from './notion-inbox.js';
import { NotionMirror } from './notion-mirror.js';
import { NotionReview } from './notion-review.js';
import { NotionScript } from './notion-script.js';
import { NotionSweep } from './notion-sweep.js';
import { waitMs } from './patience.js';

/** Jobs that wait for their turns together: as many as keep the pace up while Notion takes two seconds to answer. */
const AT_ONCE = 8;
const REFUSED = 'notion_refused';
/** Work that keeps a processor busy rather than Notion: so much of it at once, and the rest a little later (ms), so that decisions never wait for it. */
const SLOW: readonly string[] = ['show_review', 'show_storyboard'] satisfies (keyof NotionJob)[];
const SLOW_AT_ONCE = 2;
const LATER_MS = 3_000;
const LEAST_PRIORITY = 7;

type Work = Job<{ tries?: number } & Partial<NotionJob['sync_row']>>;

/** Works everything that is asked from or said to Notion. What fails is tried again later and holds up nothing. */
@Processor(NOTION_QUEUE, {
  autorun: false,
  concurrency: AT_ONCE,
  drainDelay: 1,
  lockDuration: 30_000,
  stalledInterval: 10_000,
  maxStalledCount: 20,
})
export class NotionWorker extends WorkerHost implements OnApplicationBootstrap {
  private readonly logger = new Logger(NotionWorker.name);
  private refused = false;
  private slow = 0;

  private readonly work: Record<keyof NotionJob, (taskId: string, progress: boolean) => Promise<unknown>> = {
    work_inbox: () => this.inbox.work(),
    sync_row: (taskId, progress) => this.mirror.sync(taskId, progress),
    read_script: (taskId) => this.script.read(taskId),
    sweep_rows: () => this.sweep.run(),
    sync_channels: () => this.channels.sync(),
    show_review: (taskId) => this.review.show(taskId),
    show_storyboard: (taskId) => this.review.showStoryboard(taskId),
  };

  constructor(
    private readonly inbox: NotionInbox,
    private readonly mirror: NotionMirror,
    private readonly script: NotionScript,
    private readonly sweep: NotionSweep,
    private readonly channels: NotionChannels,
    private readonly review: NotionReview,
    private readonly notion: NotionConnection,
    private readonly database: Database,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {
    super();
  }

  onApplicationBootstrap(): void {
    // The queues speak of a Redis that is away.
    this.worker.on('error', () => undefined);
    if (this.notion.exists) void this.worker.run();
    else this.logger.log({ event: 'notion_worker_off', hint: 'NOTION_TOKEN is not set: rows are neither read nor written.' });
  }

  async process(job: Work): Promise<void> {
    const isSlow = SLOW.includes(job.name);
    if (isSlow && this.slow >= SLOW_AT_ONCE) {
      await this.putOff(job, LATER_MS, job.data.tries ?? 0);
      return;
    }
    if (isSlow) this.slow += 1;
    try {
      if (!isNotionJob(job.name, this.work)) throw new Error(`There is no work with Notion called ${job.name}`);
      await this.work[job.name](job.data.task_id ?? '', job.data.progress ?? false);
      if (this.refused) await this.database.alerts.resolve(REFUSED);
      this.refused = false;
    } catch (error) {
      await this.again(job, Failure.from(error));
    } finally {
      if (isSlow) this.slow -= 1;
    }
  }

  private async again(job: Work, failure: Failure): Promise<void> {
    const tries = (job.data.tries ?? 0) + (failure.rateLimited ? 0 : 1);
    this.logger.warn({ event: 'notion_work_failed', name: job.name, tries, code: failure.code, error: failure.message });
    // What Notion says to one request holds for all of them, in every process.
    if (failure.retryAfterMs) await this.notion.leaveAlone(failure.retryAfterMs);
    if (failure.kind === 'permanent') {
      this.refused = true;
      const text = `${failure.userMessage} What could not be shown is tried again by itself; npm run notion:setup mends a database.`;
      await this.database.alerts.raise({ kind: REFUSED, key: REFUSED, title: 'Notion refuses what it is asked', text });
    }
    // The next sweep is never far away.
    if (job.name === 'sweep_rows') return;
    await this.putOff(job, waitMs(this.settings, Math.max(1, tries), failure), tries);
  }

  private async putOff({ name, id = '', data, opts }: Work, delayMs: number, tries: number): Promise<void> {
    // The job's own id: while this wait is in the outbox, nobody can issue the same work a second time beside it.
    const again = { queue: NOTION_QUEUE, name, jobId: id, payload: { ...data, tries }, priority: opts.priority ?? LEAST_PRIORITY };
    await this.database.outbox.add([{ ...again, notBefore: new Date(Date.now() + delayMs) }]);
  }
}

function isNotionJob(name: string, work: Record<keyof NotionJob, unknown>): name is keyof NotionJob {
  return Object.hasOwn(work, name);
}
