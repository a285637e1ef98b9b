import type { Channel } from '#config';
import { Database, type ChannelRow } from '#database';
import { Injectable, Logger } from '@nestjs/common';
import { BUDGET_CODES } from './budgets.js';
import { Admission } from './admission.js';
import { CHANNEL_REMOVED, DecisionRefused, channelRemoved } from './gates.js';
import { OutboxRelay } from './outbox-relay.js';
import { Reconciler } from './reconciler.js';
import { announce } from './tickets.js';

/** How channels come, go and pause. The one place for it, whoever asks: the channel files, the API or Notion. */
@Injectable()
export class ChannelControl {
  private readonly logger = new Logger(ChannelControl.name);

  constructor(
    private readonly database: Database,
    private readonly reconciler: Reconciler,
    private readonly admission: Admission,
    private readonly relay: OutboxRelay,
  ) {}

  /**
   * Begins nothing more of a channel: no video, no step, no item. What is being made is finished, and reviewers go on deciding. One that is paused stays so.
   * @throws DecisionRefused when there is no such channel
   */
  async pause(channelId: string, actor: string, note: string | null = null): Promise<ChannelRow> {
    const channel = await this.decide(channelId, async (tx) => {
      if (!(await tx.channels.pause(channelId, actor))) return;
      await tx.artifacts.takeBack(channelId);
      await tx.auditLogs.add({ channelId, taskId: null, actor, action: 'channel_paused', details: { note } });
    });
    // Others may have the places that it has given back.
    this.relay.wake();
    return channel;
  }

  /**
   * Lets a channel go on, at once: what its pause has kept back is begun. One that is not paused stays so.
   * @throws DecisionRefused when there is no such channel
   */
  async resume(channelId: string, actor: string, note: string | null = null): Promise<ChannelRow> {
    const channel = await this.decide(channelId, async (tx) => {
      if (!(await tx.channels.resume(channelId))) return;
      await tx.auditLogs.add({ channelId, taskId: null, actor, action: 'channel_resumed', details: { note } });
      await this.reconciler.openAtOnce(tx, channelId);
    });
    await this.admit();
    return channel;
  }

  /** Stores what channel files say. A channel whose file is back goes on where it was. */
  async store(channels: readonly Channel[]): Promise<void> {
    const changes = await this.database.transaction(async (tx) => {
      const stored = await tx.channels.save(channels);
      for (const { id: channelId, key, change } of stored) {
        await tx.auditLogs.add({ channelId, taskId: null, actor: 'system', action: `channel_${change}`, details: { key } });
        // Another budget, perhaps.
        await tx.artifacts.wakeChannel(channelId, Object.values(BUDGET_CODES));
        if (change !== 'restored') continue;
        for (const taskId of await tx.tasks.release(channelId, CHANNEL_REMOVED)) await announce(tx, taskId);
      }
      return stored;
    });
    if (changes.length === 0) return;
    for (const { key, change } of changes) this.logger.log({ event: `channel_${change}`, key });
    await this.admit();
  }

  /** Channels whose files are gone: what is in work goes on to its end as the file last said, what is queued waits and says why. */
  async remove(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    const removed = await this.database.transaction(async (tx) => {
      const channels = await tx.channels.remove(keys);
      for (const { id: channelId, key } of channels) {
        await tx.auditLogs.add({ channelId, taskId: null, actor: 'system', action: 'channel_removed', details: { key } });
        const held = await tx.tasks.hold(channelId, { code: CHANNEL_REMOVED, message: channelRemoved(key) });
        for (const taskId of held) await announce(tx, taskId);
      }
      return channels;
    });
    for (const { key } of removed) this.logger.warn({ event: 'channel_removed', key });
    this.relay.wake();
  }

  private async decide(channelId: string, act: (tx: Database) => Promise<void>): Promise<ChannelRow> {
    return this.database.transaction(async (tx) => {
      if (!(await tx.channels.find(channelId))) throw new DecisionRefused('CHANNEL_NOT_FOUND', 'There is no channel with this id.');
      await act(tx);
      return tx.channels.get(channelId);
    });
  }

  /** What fails now is left to the sweep. */
  private async admit(): Promise<void> {
    this.relay.wake();
    await this.admission.run().catch((error: unknown) => {
      this.logger.warn({ event: 'admission_failed', error: String(error) });
    });
  }
}
