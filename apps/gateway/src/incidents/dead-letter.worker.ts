import { Database } from '#database';
import { DEAD_LETTER_QUEUE } from '#pipeline';
import { DecisionRefused, Gates } from '#stage';
import { InjectQueue, Processor, WorkerHost } from '@nestjs/bullmq';
import { Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { UnrecoverableError, type Job, type Queue } from 'bullmq';

/** Open letters that are shown; far more than a person will look through. */
const SHOWN = 1_000;

interface DeadLetterJob {
  dead_letter_id: string;
  task_id: string;
  code: string;
}

const jobIdOf = (letter: { id: string }) => `dead-letter-${letter.id}`;

/**
 * Shows the open dead letters on the queue page: each is a job that has failed, with what to do as its reason. Whoever presses Retry there takes the task
 * back to work. Postgres has the letters; the queue is only their picture.
 */
@Processor(DEAD_LETTER_QUEUE, { autorun: false, drainDelay: 1, maxStalledCount: 20 })
export class DeadLetterWorker extends WorkerHost implements OnApplicationBootstrap {
  private readonly logger = new Logger(DeadLetterWorker.name);

  constructor(
    private readonly database: Database,
    private readonly gates: Gates,
    @InjectQueue(DEAD_LETTER_QUEUE) private readonly queue: Queue<DeadLetterJob>,
  ) {
    super();
  }

  onApplicationBootstrap(): void {
    // The queues speak of a Redis that is away.
    this.worker.on('error', () => undefined);
    void this.worker.run();
  }

  /** Brings the picture up to date: shows letters that are new or were lost with Redis, takes away those that somebody has dealt with elsewhere. */
  async show(): Promise<void> {
    const { letters } = await this.database.deadLetters.list({ open: true, limit: SHOWN, offset: 0 });
    await this.queue.addBulk(
      letters.map((letter) => ({
        name: letter.step,
        data: { dead_letter_id: letter.id, task_id: letter.taskId, code: letter.code },
        opts: { jobId: jobIdOf(letter), priority: 1, attempts: 1, removeOnComplete: true },
      })),
    );
    const open = new Set(letters.map(jobIdOf));
    for (const job of await this.queue.getFailed()) if (!open.has(job.id ?? '')) await job.remove();
  }

  async process(job: Job<DeadLetterJob>): Promise<void> {
    const letter = await this.database.deadLetters.find(job.data.dead_letter_id);
    if (!letter || letter.closedAt) return;
    // Only a job that has failed before was put back by a person; one that a dead worker left was not.
    if (job.attemptsMade === 0) throw new UnrecoverableError(`${letter.userMessage} [${letter.code}]`);
    await this.gates.retry(letter.taskId, 'queue page').catch((error: unknown) => {
      // Somebody else has acted on the task meanwhile.
      if (!(error instanceof DecisionRefused)) throw error;
    });
  }
}
