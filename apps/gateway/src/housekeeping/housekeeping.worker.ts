import { Database } from '#database';
import { HOUSEKEEPING_QUEUE, NOTION_QUEUE } from '#pipeline';
import { Admission, CallFiles, OutboxRelay, Reconciler, showInNotion, type NotionJob } from '#stage';
import { InjectQueue, Processor, WorkerHost } from '@nestjs/bullmq';
import { Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Job, Queue } from 'bullmq';
import { DeadLetterWorker } from '../incidents/dead-letter.worker.js';

/** How often each chore is done (ms), whatever the number of gateways. */
const EVERY_MS = {
  relay_outbox: 5_000,
  admit_tasks: 5_000,
  reconcile: 15_000,
  reissue_events: 30_000,
  reissue_row_updates: 30_000,
  sweep_rows: 60_000,
  show_dead_letters: 5_000,
  sweep_call_files: 30_000,
  settle_abandoned_calls: 60_000,
} as const;
type Chore = keyof typeof EVERY_MS;

/** An emptied Redis has forgotten the schedules too; they are written again so often (ms). */
const RESCHEDULE_MS = 15_000;
/** What Notion has sent or should show, and is untouched after this time (ms), may have lost its job. */
const OVERDUE_MS = 60_000;

/** Keeps the house: sweeps up what the fast paths have missed. */
@Processor(HOUSEKEEPING_QUEUE, { autorun: false, concurrency: 2, drainDelay: 1, maxStalledCount: 20 })
export class HousekeepingWorker extends WorkerHost implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(HousekeepingWorker.name);
  private timer: NodeJS.Timeout | null = null;
  private scheduling: Promise<void> | null = null;

  private readonly chores: Record<Chore, () => Promise<unknown>> = {
    relay_outbox: () => this.relay.flush(),
    admit_tasks: () => this.admission.run(),
    reconcile: () => this.reconciler.run(),
    reissue_events: () => this.reissueEvents(),
    reissue_row_updates: () => this.reissueRowUpdates(),
    sweep_rows: () => this.sweepRows(),
    show_dead_letters: () => this.deadLetters.show(),
    sweep_call_files: () => this.callFiles.sweep(),
    settle_abandoned_calls: () => this.callFiles.settleAbandoned(),
  };

  constructor(
    private readonly database: Database,
    private readonly relay: OutboxRelay,
    private readonly admission: Admission,
    private readonly reconciler: Reconciler,
    private readonly deadLetters: DeadLetterWorker,
    private readonly callFiles: CallFiles,
    @InjectQueue(HOUSEKEEPING_QUEUE) private readonly queue: Queue,
  ) {
    super();
  }

  onApplicationBootstrap(): void {
    // The queues speak of a Redis that is away.
    this.worker.on('error', () => undefined);
    this.worker.on('failed', (job, error) => {
      this.logger.error({ event: 'housekeeping_chore_failed', chore: job?.name, error: error.message });
    });
    // Not waited for: a gateway that starts while Redis is away takes webhooks all the same.
    this.reschedule();
    this.timer = setInterval(() => {
      this.reschedule();
    }, RESCHEDULE_MS);
    void this.worker.run();
  }

  onApplicationShutdown(): void {
    if (this.timer) clearInterval(this.timer);
  }

  async process(job: Job): Promise<void> {
    if (!isChore(job.name)) throw new Error(`There is no chore called ${job.name}`);
    await this.chores[job.name]();
  }

  private reschedule(): void {
    this.scheduling ??= this.schedule()
      .catch((error: unknown) => {
        this.logger.warn({ event: 'housekeeping_schedule_failed', error: String(error) });
      })
      .finally(() => (this.scheduling = null));
  }

  private async schedule(): Promise<void> {
    for (const [name, every] of Object.entries(EVERY_MS)) {
      await this.queue.upsertJobScheduler(name, { every }, { name, opts: { priority: 1, removeOnComplete: true, removeOnFail: 20 } });
    }
  }

  /** The id is the first issue's, so a job that is still in its queue or waits for its next try is left alone. */
  private async reissueEvents(): Promise<void> {
    const events = await this.database.webhookEvents.unhandled(OVERDUE_MS);
    await this.database.outbox.add(
      events.map(({ id }) => {
        const payload: NotionJob['read_page'] = { event_id: id };
        return { queue: NOTION_QUEUE, name: 'read_page', jobId: `event-${id}`, payload, priority: 3 };
      }),
    );
    if (events.length > 0) this.relay.wake();
  }

  private async reissueRowUpdates(): Promise<void> {
    const tasks = await this.database.tasks.behindInNotion(OVERDUE_MS);
    for (const { id } of tasks) await showInNotion(this.database, id);
    if (tasks.length > 0) this.relay.wake();
  }

  /** In the queue of Notion, so that it keeps the pace with everything else; one that is under way is enough. */
  private async sweepRows(): Promise<void> {
    const payload: NotionJob['sweep_rows'] = {};
    await this.database.outbox.add([{ queue: NOTION_QUEUE, name: 'sweep_rows', jobId: 'sweep-rows', payload, priority: 3 }]);
    this.relay.wake();
  }
}

function isChore(name: string): name is Chore {
  return Object.hasOwn(EVERY_MS, name);
}
