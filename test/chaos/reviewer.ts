import { GATED_STEPS } from '#pipeline';
import { call, type DemoTask } from '../../apps/local/src/gateway-client.js';

const LOOK_MS = 700;

interface DeadLetter {
  id: string;
  task_id: string;
  code: string;
  message: string;
  user_message: string;
}

/** What the person at the gates has done. */
export interface ReviewerLog {
  approvals: number;
  /** Every act that was needed because something had stopped for good. */
  redrives: { taskId: string; code: string; message: string; by: 'api' | 'queue page' }[];
}

/** The person: approves what waits, and takes back to work what has stopped, by the API and by the queue page in turn. */
export class Reviewer {
  readonly log: ReviewerLog = { approvals: 0, redrives: [] };
  private readonly redriven = new Set<string>();
  private stopped = false;
  private readonly working: Promise<void>;

  constructor(private readonly gatewayUrl: string) {
    this.working = this.work();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.working;
  }

  /** Every task, however many there are. */
  async tasks(): Promise<DemoTask[]> {
    return call<DemoTask[]>('GET', `${this.gatewayUrl}/api/v1/tasks?limit=200`);
  }

  private async work(): Promise<void> {
    while (!this.stopped) {
      // The gateway is away now and then; the person looks again.
      await this.look().catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  private async look(): Promise<void> {
    const waiting = (await this.tasks()).filter(({ status }) => GATED_STEPS.some(({ gate }) => gate.waiting === status));
    for (const { id } of waiting) {
      await call('POST', `${this.gatewayUrl}/api/v1/tasks/${id}/approve`, { reviewer: 'chaos' });
      this.log.approvals += 1;
    }
    for (const letter of await call<DeadLetter[]>('GET', `${this.gatewayUrl}/api/v1/dead-letters?limit=200`)) await this.redrive(letter);
  }

  private async redrive({ id, task_id, code, message }: DeadLetter): Promise<void> {
    if (this.redriven.has(id)) return;
    const by = this.log.redrives.length % 2 === 0 ? 'api' : 'queue page';
    if (by === 'api') await call('POST', `${this.gatewayUrl}/api/v1/dead-letters/${id}/redrive`, { actor: 'chaos' });
    else await this.pressRetry(id);
    this.redriven.add(id);
    this.log.redrives.push({ taskId: task_id, code, message, by });
  }

  /** What the Retry button of the queue page does; throws until the letter is shown there. */
  private async pressRetry(letterId: string): Promise<void> {
    const response = await fetch(`${this.gatewayUrl}/queues/api/queues/dead-letters/dead-letter-${letterId}/retry`, {
      method: 'PUT',
    });
    if (!response.ok) throw new Error(`The queue page answered ${response.status}`);
  }
}
