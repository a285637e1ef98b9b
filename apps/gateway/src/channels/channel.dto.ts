import type { ChannelRow, TaskCounts } from '#database';
import { ParseUUIDPipe } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, MaxLength } from 'class-validator';
import { ApiError } from '../http/api-error.js';
import { Act } from '../tasks/task.dto.js';

/** An id that is no UUID belongs to no channel. */
export const channelId = new ParseUUIDPipe({ exceptionFactory: () => channelNotFound() });

export function channelNotFound(): ApiError {
  return new ApiError(404, 'CHANNEL_NOT_FOUND', 'There is no channel with this id.');
}

export class ActOnChannel extends Act {
  @ApiPropertyOptional({ example: 'On holiday until Monday' })
  @IsOptional()
  @IsString()
  @MaxLength(5_000)
  note?: string;
}

class ChannelTasks implements TaskCounts {
  @ApiProperty()
  queued: number;

  /** Machines work on these; those that wait for a person are not counted. */
  @ApiProperty()
  in_work: number;

  @ApiProperty()
  waiting_for_review: number;

  @ApiProperty()
  in_error: number;

  /** Since midnight UTC. */
  @ApiProperty()
  published_today: number;
}

export class ChannelView {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ example: 'deep_sea' })
  key: string;

  @ApiProperty()
  name: string;

  @ApiProperty({ example: 'en' })
  language: string;

  @ApiProperty()
  youtube_channel_id: string;

  /** Whether a Google grant is stored. */
  @ApiProperty()
  youtube_connected: boolean;

  /** Since when nothing of it is begun; left out while it runs. */
  @ApiPropertyOptional({ format: 'date-time' })
  paused_at: string | null;

  @ApiPropertyOptional()
  paused_by: string | null;

  /** When its file went away: what is in work goes on, nothing new is begun. Left out while it has one. */
  @ApiPropertyOptional({ format: 'date-time' })
  removed_at: string | null;

  @ApiProperty({ type: ChannelTasks })
  tasks: ChannelTasks;
}

const NONE: TaskCounts = { queued: 0, in_work: 0, waiting_for_review: 0, in_error: 0, published_today: 0 };

export function channelView(channel: ChannelRow, connected: boolean, tasks: TaskCounts = NONE): ChannelView {
  const { id, key, pausedAt, pausedBy, removedAt } = channel;
  const { name, language, youtube } = channel.settings;
  return {
    id,
    key,
    name,
    language,
    youtube_channel_id: youtube.channel_id,
    youtube_connected: connected,
    paused_at: pausedAt?.toISOString() ?? null,
    paused_by: pausedBy,
    removed_at: removedAt?.toISOString() ?? null,
    tasks,
  };
}
