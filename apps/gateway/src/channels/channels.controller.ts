import { Database } from '#database';
import { ChannelControl } from '#stage';
import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { By, Caller } from '../access/caller.js';
import { Needs } from '../access/roles.js';
import { ErrorBody } from '../http/api-error.js';
import { Page } from '../http/envelope.js';
import { TaskFilters, filterOf } from '../tasks/task-list.dto.js';
import { TaskSummary } from '../tasks/task.dto.js';
import { summaryOf } from '../tasks/task-view.js';
import { ActOnChannel, ChannelView, channelId, channelNotFound, channelView } from './channel.dto.js';

@ApiTags('channels')
@ApiBearerAuth()
@ApiResponse({ status: '4XX', type: ErrorBody })
@Controller('api/v1/channels')
export class ChannelsController {
  constructor(
    private readonly database: Database,
    private readonly channels: ChannelControl,
  ) {}

  @Get()
  @ApiOperation({ summary: 'The channels, and how many of their videos are where' })
  @ApiOkResponse({ type: [ChannelView] })
  async list(): Promise<ChannelView[]> {
    const [channels, connected, counts] = await Promise.all([
      this.database.channels.all(),
      this.database.oauthTokens.channelIds(),
      this.database.census.tasksByChannel(),
    ]);
    return channels.map((channel) => channelView(channel, connected.has(channel.id), counts.get(channel.id)));
  }

  @Get(':channel_id')
  @ApiOperation({ summary: 'One channel' })
  @ApiOkResponse({ type: ChannelView })
  async get(@Param('channel_id', channelId) id: string): Promise<ChannelView> {
    const found = (await this.list()).find((channel) => channel.id === id);
    if (!found) throw channelNotFound();
    return found;
  }

  @Get(':channel_id/tasks')
  @ApiOperation({ summary: "A channel's videos, newest first" })
  @ApiOkResponse({ type: [TaskSummary] })
  async tasks(@Param('channel_id', channelId) id: string, @Query() filters: TaskFilters): Promise<Page<TaskSummary>> {
    if (!(await this.database.channels.find(id))) throw channelNotFound();
    const { tasks, total } = await this.database.tasks.list({ ...filterOf(filters), channelId: id });
    return new Page(tasks.map(summaryOf), total, filters.limit, filters.offset);
  }

  @Post(':channel_id/pause')
  @HttpCode(200)
  @Needs('operator')
  @ApiOperation({ summary: 'Begin nothing more of a channel; what is being made is finished' })
  @ApiOkResponse({ type: ChannelView })
  async pause(
    @Param('channel_id', channelId) id: string,
    @Body() { actor, note }: ActOnChannel,
    @By() caller: Caller,
  ): Promise<ChannelView> {
    await this.channels.pause(id, caller.signs(actor), note);
    return this.get(id);
  }

  @Post(':channel_id/resume')
  @HttpCode(200)
  @Needs('operator')
  @ApiOperation({ summary: 'Let a channel go on, at once' })
  @ApiOkResponse({ type: ChannelView })
  async resume(
    @Param('channel_id', channelId) id: string,
    @Body() { actor, note }: ActOnChannel,
    @By() caller: Caller,
  ): Promise<ChannelView> {
    await this.channels.resume(id, caller.signs(actor), note);
    return this.get(id);
  }
}
