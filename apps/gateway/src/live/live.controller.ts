import { Database } from '#database';
import { Controller, Get, Headers, Query, Res } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiProduces,
  ApiPropertyOptional,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import { IsOptional, IsUUID, isISO8601 } from 'class-validator';
import type { Response } from 'express';
import { channelNotFound } from '../channels/channel.dto.js';
import { ApiError, ErrorBody } from '../http/api-error.js';
import { TaskUpdate } from '../tasks/task.dto.js';
import { EventStream } from './event-stream.js';
import { TaskFeed } from './task-feed.js';

class FollowTasks {
  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  channel_id?: string;

  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  task_id?: string;
}

@ApiTags('live')
@ApiBearerAuth()
@ApiResponse({ status: '4XX', type: ErrorBody })
@Controller('api/v1/sse')
export class LiveController {
  constructor(
    private readonly database: Database,
    private readonly feed: TaskFeed,
  ) {}

  @Get('tasks')
  @ApiOperation({
    summary: 'Live updates: an event `task` for each video that changes, at most one a second for each',
    description:
      'Each event holds all that is known of the video and replaces what was known before; one may come twice. A client that comes again with `Last-Event-ID`, as browsers do by themselves, is first told what has changed since; one that is new, what has changed in the last ten seconds, so that a list that was read right before has no gap.',
  })
  @ApiProduces('text/event-stream')
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'The `id` of the last event that was received' })
  @ApiOkResponse({ type: TaskUpdate })
  async tasks(
    @Query() { channel_id: channelId, task_id: taskId }: FollowTasks,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() response: Response,
  ): Promise<void> {
    if (lastEventId && !isISO8601(lastEventId, { strict: true }))
      throw new ApiError(422, 'INVALID_INPUT', 'Last-Event-ID is none that was sent from here.', [
        { field: 'Last-Event-ID', message: 'Last-Event-ID must be the id of an event, such as 2026-11-24T06:30:00.000Z' },
      ]);
    if (channelId && !(await this.database.channels.find(channelId))) throw channelNotFound();
    if (taskId && !(await this.database.tasks.find(taskId))) throw new ApiError(404, 'TASK_NOT_FOUND', 'There is no task with this id.');
    if (response.req.method === 'HEAD') {
      // Express takes it here, too; there would never be an end to what must have no body.
      response.type('text/event-stream').end();
      return;
    }
    const filter = { ...(channelId && { channelId }), ...(taskId && { taskId }) };
    const since = lastEventId ? new Date(lastEventId) : await this.database.live.now();
    await this.feed.follow(new EventStream(response), filter, since);
  }
}
