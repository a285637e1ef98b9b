import { Workspace } from '#media';
import { Database, type NewTask, type TaskRow } from '#database';
import { Admission, Gates, OutboxRelay, announce, channelRemoved } from '#stage';
import { Body, Controller, Get, HttpCode, Logger, Param, ParseUUIDPipe, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { ApiError, ErrorBody } from '../http/api-error.js';
import { Page } from '../http/envelope.js';
import { requestIdOf, type IdentifiedRequest } from '../http/request-id.js';
import { Act, Approve, CreateTask, ListTasks, Regenerate, Reject, TaskDetail, TaskSummary } from './task.dto.js';
import { detailOf, summaryOf } from './task-view.js';

/** An id that is no UUID belongs to no task. */
const taskId = new ParseUUIDPipe({ exceptionFactory: () => notFound() });
const artifactId = new ParseUUIDPipe({
  exceptionFactory: () => new ApiError(404, 'ARTIFACT_NOT_FOUND', 'There is no artifact with this id.'),
});

@ApiTags('tasks')
@ApiBearerAuth()
@ApiResponse({ status: '4XX', type: ErrorBody })
@Controller('api/v1/tasks')
export class TasksController {
  private readonly logger = new Logger(TasksController.name);

  constructor(
    private readonly database: Database,
    private readonly gates: Gates,
    private readonly admission: Admission,
    private readonly relay: OutboxRelay,
    private readonly workspace: Workspace,
  ) {}

  @Get()
  @ApiOperation({ summary: 'The videos, newest first' })
  @ApiOkResponse({ type: [TaskSummary] })
  async list(@Query() { channel_id, status, limit, offset }: ListTasks): Promise<Page<TaskSummary>> {
    const { tasks, total } = await this.database.tasks.list({
      ...(channel_id && { channelId: channel_id }),
      ...(status && { status }),
      limit,
      offset,
    });
    return new Page(tasks.map(summaryOf), total, limit, offset);
  }

  @Post()
  @ApiOperation({ summary: 'Plan a video' })
  @ApiCreatedResponse({ type: TaskDetail })
  async create(@Body() body: CreateTask, @Req() request: IdentifiedRequest): Promise<TaskDetail> {
    const channel = await this.database.channels.findByName(body.channel);
    if (!channel) {
      const known = (await this.database.channels.list()).map(({ key }) => key).join(', ');
      const removed = await this.database.channels.findRemoved(body.channel);
      const gone = removed ? `${channelRemoved(removed.key)} ` : '';
      throw new ApiError(422, 'INVALID_INPUT', 'Some fields are wrong; details name them.', [
        { field: 'channel', message: `${gone}channel must be one of ${known}` },
      ]);
    }
    const task = await this.add({
      channelId: channel.id,
      title: body.title,
      topic: body.topic ?? '',
      storyDirection: body.story_direction ?? '',
      ownScript: body.own_script?.trim() ?? '',
      priority: body.priority ?? 'normal',
      status: body.status ?? 'queued',
      notionPageId: null,
      requestId: requestIdOf(request),
    });
    this.admit();
    return detailOf(this.database, task);
  }

  @Get(':task_id')
  @ApiOperation({ summary: 'One video with its items, reviews and cost' })
  @ApiOkResponse({ type: TaskDetail })
  async get(@Param('task_id', taskId) id: string): Promise<TaskDetail> {
    return this.detail(await this.database.tasks.find(id));
  }

  @Post(':task_id/approve')
  @HttpCode(200)
  @ApiOperation({ summary: 'Let a video pass the gate where it waits' })
  @ApiOkResponse({ type: TaskDetail })
  async approve(@Param('task_id', taskId) id: string, @Body() body: Approve): Promise<TaskDetail> {
    return this.detail(
      await this.gates.review(id, { decision: 'approve', reviewer: body.reviewer ?? 'api', note: body.note ?? null, positions: [] }),
    );
  }

  @Post(':task_id/reject')
  @HttpCode(200)
  @ApiOperation({ summary: 'Send a video back: the named items of the gate, or all, are made again' })
  @ApiOkResponse({ type: TaskDetail })
  async reject(@Param('task_id', taskId) id: string, @Body() body: Reject): Promise<TaskDetail> {
    return this.detail(
      await this.gates.review(id, {
        decision: 'reject',
        reviewer: body.reviewer ?? 'api',
        note: body.note ?? null,
        positions: body.items ?? [],
      }),
    );
  }

  @Post(':task_id/retry')
  @HttpCode(200)
  @ApiOperation({ summary: 'Go on where a video stopped at an error' })
  @ApiOkResponse({ type: TaskDetail })
  async retry(@Param('task_id', taskId) id: string, @Body() body: Act): Promise<TaskDetail> {
    return this.detail(await this.gates.retry(id, body.actor ?? 'api'));
  }

  @Post(':task_id/cancel')
  @HttpCode(200)
  @ApiOperation({ summary: 'Give a video up for now: it becomes a draft, what is ready is kept' })
  @ApiOkResponse({ type: TaskDetail })
  async cancel(@Param('task_id', taskId) id: string, @Body() body: Act): Promise<TaskDetail> {
    return this.detail(await this.gates.cancel(id, body.actor ?? 'api'));
  }

  @Post(':task_id/queue')
  @HttpCode(200)
  @ApiOperation({ summary: 'Queue a draft, be it new or cancelled; what is ready is not made again' })
  @ApiOkResponse({ type: TaskDetail })
  async queue(@Param('task_id', taskId) id: string, @Body() body: Act): Promise<TaskDetail> {
    const task = await this.gates.queue(id, body.actor ?? 'api');
    this.admit();
    return this.detail(task);
  }

  @Post(':task_id/regenerate')
  @HttpCode(200)
  @ApiOperation({ summary: 'Make single items again, of any finished step, and what is made from them; at a review or after an error' })
  @ApiOkResponse({ type: TaskDetail })
  async regenerate(@Param('task_id', taskId) id: string, @Body() body: Regenerate): Promise<TaskDetail> {
    return this.detail(await this.gates.regenerate(id, body.reviewer ?? 'api', body.items, body.note ?? null));
  }

  @Get(':task_id/artifacts/:artifact_id/file')
  @ApiOperation({ summary: "An item's file: picture, clip, sound or cut" })
  async file(
    @Param('task_id', taskId) id: string,
    @Param('artifact_id', artifactId) artifact: string,
    @Res() response: Response,
  ): Promise<void> {
    const found = await this.database.artifacts.find(artifact);
    if (found?.taskId !== id || !found.path)
      throw new ApiError(404, 'ARTIFACT_NOT_FOUND', 'There is no such artifact, or it is not made yet.');
    response.sendFile(this.workspace.absolute(found.path), { dotfiles: 'allow' });
  }

  private async add(task: NewTask): Promise<TaskRow> {
    const added = await this.database.transaction(async (tx) => {
      const row = await tx.tasks.add(task);
      if (!row) throw new Error('A task without a Notion row was not added');
      await announce(tx, row.id);
      return row;
    });
    this.relay.wake();
    return added;
  }

  /** In the background: what fails now is left to the sweep. */
  private admit(): void {
    this.admission.run().catch((error: unknown) => {
      this.logger.warn({ event: 'admission_failed', error: String(error) });
    });
  }

  private async detail(task: TaskRow | null): Promise<TaskDetail> {
    if (!task) throw notFound();
    return detailOf(this.database, task);
  }
}

function notFound(): ApiError {
  return new ApiError(404, 'TASK_NOT_FOUND', 'There is no task with this id.');
}
