import { settings, type Settings } from '#config';
import { Database } from '#database';
import { HOUSEKEEPING_QUEUE } from '#pipeline';
import { Admission, CallFiles, OutboxRelay, Reconciler, notionJob, showInNotion } from '#stage';
import { InjectQueue, Processor, WorkerHost } from '@nestjs/bullmq';
import { Inject, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Job, Queue } from 'bullmq';
import { DeadLetterWorker } from '../incidents/dead-letter.worker.js';

/** How often each chore is done (ms), whatever the number of gateways. */
const EVERY_MS = {
  sweep_outbox: 3_000,
  admit_tasks: 5_000,
  reconcile: 15_000,
  reissue_notion_work: 30_000,
  forget_events: 3_600_000,
  show_dead_letters: 5_000,
  sweep_call_files: 30_000,
  settle_abandoned_calls: 60_000,
} as const;
type Chore = keyof typeof EVERY_MS | 'sweep_rows';

/** An emptied Redis has forgotten the schedules too; they are written again so often (ms). */
const RESCHEDULE_MS = 15_000;
/** What Notion has sent or should show, and is untouched after this time (ms), may have lost its job. */
const OVERDUE_MS = 60_000;
/** Events are delivered again for a day at most; the ids of those that were handled are kept a week (ms). */
const FORGET_AFTER_MS = 7 * 24 * 3_600_000;

/** Keeps the house: sweeps up what the fast paths have missed. */
@Processor(HOUSEKEEPING_QUEUE, { autorun: false, concurrency: 2, drainDelay: 1, maxStalledCount: 20 })
export class HousekeepingWorker extends WorkerHost implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(HousekeepingWorker.name);
  private timer: NodeJS.Timeout | null = null;
  private scheduling: Promise<void> | null = null;

  private readonly chores: Record<Chore, () => Promise<unknown>> = {
    sweep_outbox: () => this.relay.sweep(),
    admit_tasks: () => this.admission.run(),
    reconcile: () => this.reconciler.run(),
    reissue_notion_work: () => this.reissueNotionWork(),
    forget_events: () => this.database.webhookEvents.forget(FORGET_AFTER_MS),
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
    @Inject(settings.KEY) private readonly settings: Settings,
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
    const chores: Record<Chore, number> = { ...EVERY_MS, sweep_rows: this.settings.NOTION_SWEEP_SECONDS * 1_000 };
    for (const [name, every] of Object.entries(chores)) {
      await this.queue.upsertJobScheduler(name, { every }, { name, opts: { priority: 1, removeOnComplete: true, removeOnFail: 20 } });
    }
  }

  /** Ids are those of the first issue, so that a job that is still in its queue or waits for its next try is left alone. */
  private async reissueNotionWork(): Promise<void> {
    const { webhookEvents, tasks, notionMirrors, outbox } = this.database;
    if (await webhookEvents.areOverdue(OVERDUE_MS)) await outbox.add([notionJob('work_inbox', 'inbox-overdue', {})]);
    for (const { id } of await tasks.behindInNotion(OVERDUE_MS)) await showInNotion(this.database, id);
    const asked = await notionMirrors.neglected(OVERDUE_MS);
    await outbox.add(asked.map((id) => notionJob('sync_row', `${id}-look`, { task_id: id })));
    const silent = await tasks.withoutScript(OVERDUE_MS);
    await outbox.add(silent.map(({ id, version }) => notionJob('read_script', `${id}-script-${version}`, { task_id: id })));
    this.relay.wake();
  }

  /** In the queue of Notion, so that it keeps the pace with everything else; one that is under way is enough. */
  private async sweepRows(): Promise<void> {
    await this.database.outbox.add([notionJob('sweep_rows', 'sweep-rows', {})]);
    this.relay.wake();
  }
}

function isChore(name: string): name is Chore {
  return name === 'sweep_rows' || Object.hasOwn(EVERY_MS, name);
}
