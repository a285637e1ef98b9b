import { randomUUID } from 'node:crypto';
import { Database, type NewEvent } from '#database';
import { OutboxRelay, notionJob } from '#stage';
import { Injectable } from '@nestjs/common';

interface Waiting {
  event: NewEvent;
  stored: () => void;
  failed: (error: unknown) => void;
}

/** Stores webhook events before they are answered: those that come in while others are being written are written together, in one commit. */
@Injectable()
export class NotionIntake {
  private waiting: Waiting[] = [];
  private writing = false;

  constructor(
    private readonly database: Database,
    private readonly relay: OutboxRelay,
  ) {}

  /** Resolves once the event is durable; one that was delivered before changes nothing. */
  store(event: NewEvent): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ event, stored: resolve, failed: reject });
      if (!this.writing) void this.writeAll();
    });
  }

  private async writeAll(): Promise<void> {
    this.writing = true;
    while (this.waiting.length > 0) await this.write(this.waiting.splice(0));
    this.writing = false;
  }

  private async write(batch: readonly Waiting[]): Promise<void> {
    try {
      await this.database.webhookEvents.add(
        batch.map(({ event }) => event),
        notionJob('work_inbox', `inbox-${randomUUID()}`, {}),
      );
      for (const { stored } of batch) stored();
      this.relay.wake();
    } catch (error) {
      // One that cannot be stored must not take the others with it.
      if (batch.length > 1) for (const one of batch) await this.write([one]);
      else for (const { failed } of batch) failed(error);
    }
  }
}
