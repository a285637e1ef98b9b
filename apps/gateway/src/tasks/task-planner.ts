import { createHash } from 'node:crypto';
import { Database, type ChannelRow, type TaskEdit, type TaskRow } from '#database';
import { publishTimeProblem } from '#pipeline';
import { Admission, Gates, OutboxRelay, announce, channelRemoved } from '#stage';
import { Injectable, Logger } from '@nestjs/common';
import { ApiError, invalidInput } from '../http/api-error.js';
import type { CreateTask, EditTask } from './new-task.dto.js';

/** Where a request came from, and what its sender calls it. */
interface Origin {
  requestId: string;
  /** The field or header that the key stood in, for the error. */
  idempotency?: { field: string; key: string };
}

/** What people plan through the API: new videos, and what changes about them. */
@Injectable()
export class TaskPlanner {
  private readonly logger = new Logger(TaskPlanner.name);

  constructor(
    private readonly database: Database,
    private readonly gates: Gates,
    private readonly admission: Admission,
    private readonly relay: OutboxRelay,
  ) {}

  /**
   * Adds a task, or finds the one that the same request has added before.
   * @throws ApiError naming the field that is wrong, or when the idempotency key was used for something else
   */
  async create(wanted: CreateTask, { requestId, idempotency }: Origin): Promise<{ task: TaskRow; created: boolean }> {
    const channel = await this.channel(wanted.channel);
    const plan = {
      channelId: channel.id,
      title: wanted.title,
      topic: wanted.topic ?? '',
      storyDirection: wanted.story_direction ?? '',
      ownScript: wanted.own_script?.trim() ?? '',
      priority: wanted.priority ?? 'normal',
      status: wanted.status ?? 'queued',
      ...(wanted.publish_at && { publishAt: publishTime(wanted.publish_at, channel) }),
    } as const;
    const requestHash = createHash('sha256').update(JSON.stringify(plan)).digest('hex');
    const key = idempotency?.key;
    const task = await this.database.transaction(async (tx) => {
      const added = await tx.tasks.add({ ...plan, notionPageId: null, requestId, ...(key && { idempotency: { key, requestHash } }) });
      if (added) await announce(tx, added.id);
      return added;
    });
    this.relay.wake();
    if (task) return { task, created: true };
    const before = key && (await this.database.tasks.findByIdempotencyKey(key));
    if (!before) throw new Error('A task without a Notion row was not added');
    if (before.requestHash === requestHash) return { task: before, created: false };
    throw new ApiError(422, 'IDEMPOTENCY_KEY_REUSED', 'The key was used for another request. Take a new one for each new video.', [
      { field: idempotency.field, message: `${idempotency.field} was used for another request` },
    ]);
  }

  /** @throws ApiError naming the field that is wrong, DecisionRefused naming what cannot be changed any more */
  async edit(taskId: string, actor: string, wanted: EditTask): Promise<TaskRow> {
    const given = Object.entries(wanted).filter(([, value]) => value !== undefined);
    const nulls = given.filter(([, value]) => value === null).map(([field]) => field);
    if (nulls.length > 0)
      throw invalidInput(nulls.map((field) => ({ field, message: `${field} must not be null; an empty text empties it` })));
    if (given.length === 0) throw invalidInput([{ field: 'body', message: 'body must have at least one field to change' }]);
    const { channel, title, topic, story_direction, own_script, priority, publish_at, thumbnail } = wanted;
    const meant = channel === undefined ? null : await this.channel(channel);
    const edit: TaskEdit = {
      ...(meant && { channelId: meant.id }),
      ...(title !== undefined && { title }),
      ...(topic !== undefined && { topic }),
      ...(story_direction !== undefined && { storyDirection: story_direction }),
      ...(own_script !== undefined && { ownScript: own_script.trim() }),
      ...(priority !== undefined && { priority }),
      ...(publish_at !== undefined && {
        publishAt: publish_at === '' ? null : publishTime(publish_at, meant ?? (await this.channelOf(taskId))),
      }),
      ...(thumbnail !== undefined && { thumbnail }),
    };
    return this.gates.edit(taskId, actor, edit);
  }

  /**
   * The channel that is meant by a key or a name.
   * @throws ApiError naming the field, with the channels that there are
   */
  async channel(name: string): Promise<ChannelRow> {
    const channel = await this.database.channels.findByName(name);
    if (channel) return channel;
    const known = (await this.database.channels.list()).map(({ key }) => key).join(', ');
    const removed = await this.database.channels.findRemoved(name);
    const gone = removed ? `${channelRemoved(removed.key)} ` : '';
    throw invalidInput([{ field: 'channel', message: `${gone}channel must be one of ${known}` }]);
  }

  private async channelOf(taskId: string): Promise<ChannelRow | null> {
    const task = await this.database.tasks.find(taskId);
    return task && this.database.channels.find(task.channelId);
  }

  /** Lets queued tasks into work, in the background: what fails now is left to the sweep. */
  admit(): void {
    this.admission.run().catch((error: unknown) => {
      this.logger.warn({ event: 'admission_failed', error: String(error) });
    });
  }
}

/**
 * The moment at which a video is to appear.
 * @throws ApiError when it has passed, or the channel's videos are not public
 */
function publishTime(text: string, channel: ChannelRow | null): Date {
  const publishAt = new Date(text);
  const problem = publishTimeProblem(publishAt, channel?.settings.youtube.privacy ?? 'public');
  if (problem) throw invalidInput([{ field: 'publish_at', message: `publish_at: ${problem}` }]);
  return publishAt;
}
