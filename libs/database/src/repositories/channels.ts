import type { Channel } from '#config';
import type { EntityManager } from 'typeorm';
import { ChannelRow } from '../entities/channel.js';

export class Channels {
  constructor(private readonly manager: EntityManager) {}

  /** Stores what the channel files say. A channel whose file is gone stays: its tasks refer to it. */
  async save(channels: readonly Channel[]): Promise<void> {
    if (channels.length === 0) return;
    await this.manager.upsert(ChannelRow, [...channels], ['key']);
  }

  async list(): Promise<ChannelRow[]> {
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
    return this.manager
      .createQueryBuilder(ChannelRow, 'channel')
      .where(`lower(channel.key) = lower(:name) OR lower(channel.settings ->> 'name') = lower(:name)`, { name: name.trim() })
      .getOne();
  }
}
