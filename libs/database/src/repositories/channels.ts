import type { Channel } from '#config';
import { IsNull, type EntityManager } from 'typeorm';
import { ChannelRow } from '../entities/channel.js';

/** What storing a channel's file came to. */
export interface ChannelChange {
  readonly id: string;
  readonly key: string;
  readonly change: 'added' | 'changed' | 'restored';
}

/** SQL: the channel of a row of tasks or artifacts is not paused. */
export const notPaused = (row: string) =>
  `NOT EXISTS (SELECT FROM channels WHERE channels.id = ${row}.channel_id AND channels.paused_at IS NOT NULL)`;

export class Channels {
  constructor(private readonly manager: EntityManager) {}

  /** Stores what channel files say; returns what that has changed, each change to one caller only. */
  async save(channels: readonly Channel[]): Promise<ChannelChange[]> {
    const changes: ChannelChange[] = [];
    for (const channel of channels) {
      const change = await this.store(channel);
      if (change) changes.push(change);
    }
    return changes;
  }

  /** Marks channels whose files are gone; they stay, because their tasks refer to them. Returns those that were not marked yet. */
  async remove(keys: readonly string[]): Promise<ChannelRow[]> {
    const [removed] = await this.manager.query<[{ id: string }[], number]>(
      `UPDATE channels SET removed_at = now(), updated_at = now() WHERE key = ANY($1) AND removed_at IS NULL RETURNING id`,
      [keys],
    );
    return Promise.all(removed.map(({ id }) => this.get(id)));
  }

  /** The channels that there are. */
  async list(): Promise<ChannelRow[]> {
    return this.manager.find(ChannelRow, { where: { removedAt: IsNull() }, order: { key: 'ASC' } });
  }

  /** The same, and those that have lost their file. */
  async all(): Promise<ChannelRow[]> {
    return this.manager.find(ChannelRow, { order: { key: 'ASC' } });
  }

  async find(id: string): Promise<ChannelRow | null> {
    return this.manager.findOneBy(ChannelRow, { id });
  }

  /** @throws EntityNotFoundError when there is no such channel */
  async get(id: string): Promise<ChannelRow> {
    return this.manager.findOneByOrFail(ChannelRow, { id });
  }

  /** The channel that a person means: by its key or its name, whatever the case. */
  async findByName(name: string): Promise<ChannelRow | null> {
    return this.called(name).andWhere('channel.removedAt IS NULL').getOne();
  }

  /** A channel of that name that there was, until its file went away. */
  async findRemoved(name: string): Promise<ChannelRow | null> {
    return this.called(name).andWhere('channel.removedAt IS NOT NULL').orderBy('channel.removedAt', 'DESC').limit(1).getOne();
  }

  /** YouTube takes no more videos of it until then. */
  async refuseUploads(id: string, uploadsRefusedUntil: Date): Promise<void> {
    await this.manager.update(ChannelRow, { id }, { uploadsRefusedUntil });
  }

  /** False: it was paused already. */
  async pause(id: string, pausedBy: string): Promise<boolean> {
    const result = await this.manager.update(ChannelRow, { id, pausedAt: IsNull() }, { pausedAt: () => 'now()', pausedBy });
    return result.affected === 1;
  }

  /** False: it was not paused. */
  async resume(id: string): Promise<boolean> {
    const result = await this.manager
      .createQueryBuilder()
      .update(ChannelRow)
      .set({ pausedAt: null, pausedBy: null })
      .where('id = :id AND paused_at IS NOT NULL', { id })
      .execute();
    return result.affected === 1;
  }

  /** Remembers what Notion shows. */
  async notionShows(id: string, paused: boolean): Promise<void> {
    await this.manager.update(ChannelRow, { id }, { notionPaused: paused });
  }

  private called(name: string) {
    return this.manager
      .createQueryBuilder(ChannelRow, 'channel')
      .where(`(lower(channel.key) = lower(:name) OR lower(channel.settings ->> 'name') = lower(:name))`, { name: name.trim() });
  }

  /** In up to three statements, each of which changes something for one caller only, however many do it at once. */
  private async store({ key, settings }: Channel): Promise<ChannelChange | null> {
    const values = [key, settings];
    const [added] = await this.manager.query<{ id: string }[]>(
      `INSERT INTO channels (key, settings) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING RETURNING id`,
      values,
    );
    if (added) return { id: added.id, key, change: 'added' };
    for (const [change, condition] of [
      ['restored', 'removed_at IS NOT NULL'],
      ['changed', 'settings IS DISTINCT FROM $2::jsonb'],
    ] as const) {
      const [[stored]] = await this.manager.query<[{ id: string }[], number]>(
        `UPDATE channels SET settings = $2, removed_at = NULL, updated_at = now() WHERE key = $1 AND ${condition} RETURNING id`,
        values,
      );
      if (stored) return { id: stored.id, key, change };
    }
    return null;
  }
}
