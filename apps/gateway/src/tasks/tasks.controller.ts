import { Workspace } from '#media';
import { Database, type TaskRow } from '#database';
import { Gates } from '#stage';
import { Body, Controller, Get, Headers, HttpCode, Next, Param, ParseUUIDPipe, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiHeader, ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { NextFunction, Response } from 'express';
import { By, Caller } from '../access/caller.js';
import { Needs } from '../access/roles.js';
import { Forecasts } from '../forecast/forecasts.js';
import { ApiError, ErrorBody, invalidInput } from '../http/api-error.js';
import { Page } from '../http/envelope.js';
import { requestIdOf, type IdentifiedRequest } from '../http/request-id.js';
import { Evidence } from './evidence.dto.js';
import { evidenceOf } from './evidence.js';
import { CreateTask, EditTask, IDEMPOTENCY_KEY } from './new-task.dto.js';
import { ListTasks, filterOf } from './task-list.dto.js';
import { TaskPlanner } from './task-planner.js';
import { Act, Approve, Regenerate, Reject, TaskDetail, TaskSummary } from './task.dto.js';
import { detailOf, summaryOf } from './task-view.js';

/** An id that is no UUID belongs to no task. */
const taskId = new ParseUUIDPipe({ exceptionFactory: () => notFound() });
const artifactId = new ParseUUIDPipe({
  exceptionFactory: () => new ApiError(404, 'ARTIFACT_NOT_FOUND', 'There is no artifact with this id.'),
});

const IDEMPOTENCY_HEADER = 'Idempotency-Key';

@ApiTags('tasks')
@ApiBearerAuth()
@ApiResponse({ status: '4XX', type: ErrorBody })
@Controller('api/v1/tasks')
export class TasksController {
  constructor(
    private readonly database: Database,
    private readonly gates: Gates,
    private readonly planner: TaskPlanner,
    private readonly workspace: Workspace,
    private readonly forecasts: Forecasts,
  ) {}

  @Get()
  @ApiOperation({ summary: 'The videos, newest first unless sorted otherwise; all conditions hold together' })
  @ApiOkResponse({ type: [TaskSummary] })
  async list(@Query() { channel_id, channel, ...filters }: ListTasks): Promise<Page<TaskSummary>> {
    const named = channel === undefined ? undefined : (await this.planner.channel(channel)).id;
    if (named && channel_id && named !== channel_id)
      throw invalidInput([{ field: 'channel', message: 'channel is not the channel of channel_id' }]);
    const channelId = channel_id ?? named;
    const { tasks, total } = await this.database.tasks.list({ ...filterOf(filters), ...(channelId && { channelId }) });
    return new Page(tasks.map(summaryOf), total, filters.limit, filters.offset);
  }

  @Post()
  @Needs('operator')
  @ApiOperation({ summary: 'Plan a video' })
  @ApiHeader({
    name: IDEMPOTENCY_HEADER,
    required: false,
    description:
      'Makes the request safe to repeat: the same key with the same body gives the same video again, with 200. 1 to 200 visible ASCII characters.',
  })
  @ApiCreatedResponse({ type: TaskDetail })
  @ApiOkResponse({ type: TaskDetail, description: 'The video that the same request has planned before' })
  async create(
    @Body() body: CreateTask,
    @Headers(IDEMPOTENCY_HEADER) key: string | undefined,
    @Req() request: IdentifiedRequest,
    @Res({ passthrough: true }) response: Response,
  ): Promise<TaskDetail> {
    if (key !== undefined && !IDEMPOTENCY_KEY.test(key))
      throw invalidInput([{ field: IDEMPOTENCY_HEADER, message: `${IDEMPOTENCY_HEADER} must be 1 to 200 visible ASCII characters` }]);
    const { task, created } = await this.planner.create(body, {
      requestId: requestIdOf(request),
      ...(key && { idempotency: { field: IDEMPOTENCY_HEADER, key } }),
    });
    if (created) this.planner.admit();
    else response.status(200);
    return detailOf(this.database, this.forecasts, task);
  }

  @Get(':task_id')
  @ApiOperation({ summary: 'One video with its items, reviews and cost' })
  @ApiOkResponse({ type: TaskDetail })
  async get(@Param('task_id', taskId) id: string): Promise<TaskDetail> {
    return this.detail(await this.database.tasks.find(id));
  }

  @Patch(':task_id')
  @Needs('operator')
  @ApiOperation({
    summary:
      'Change a video: its priority until it is published, thumbnail and time of appearing until it is sent, everything else while it is a draft or queued',
    description:
      'A new priority holds for all tickets that are written from then on; those that wait in a queue already may keep their place. What is made already, as that of a cancelled video, is not made again.',
  })
  @ApiOkResponse({ type: TaskDetail })
  async edit(@Param('task_id', taskId) id: string, @Body() body: EditTask, @By() caller: Caller): Promise<TaskDetail> {
    return this.detail(await this.planner.edit(id, caller.signs(), body));
  }

  @Post(':task_id/approve')
  @HttpCode(200)
  @Needs('reviewer')
  @ApiOperation({ summary: 'Let a video pass the gate where it waits' })
  @ApiOkResponse({ type: TaskDetail })
  async approve(@Param('task_id', taskId) id: string, @Body() body: Approve, @By() caller: Caller): Promise<TaskDetail> {
    return this.detail(
      await this.gates.review(id, {
        decision: 'approve',
        reviewer: caller.signs(body.reviewer),
        note: body.note ?? null,
        positions: [],
        ...(body.thumbnail !== undefined && { thumbnail: body.thumbnail }),
      }),
    );
  }

  @Post(':task_id/reject')
  @HttpCode(200)
  @Needs('reviewer')
  @ApiOperation({ summary: 'Send a video back: the named items of the gate, or all, are made again' })
  @ApiOkResponse({ type: TaskDetail })
  async reject(@Param('task_id', taskId) id: string, @Body() body: Reject, @By() caller: Caller): Promise<TaskDetail> {
    return this.detail(
      await this.gates.review(id, {
        decision: 'reject',
        reviewer: caller.signs(body.reviewer),
        note: body.note ?? null,
        positions: body.items ?? [],
      }),
    );
  }

  @Post(':task_id/retry')
  @HttpCode(200)
  @Needs('reviewer')
  @ApiOperation({ summary: 'Go on where a video stopped at an error' })
  @ApiOkResponse({ type: TaskDetail })
  async retry(@Param('task_id', taskId) id: string, @Body() body: Act, @By() caller: Caller): Promise<TaskDetail> {
    return this.detail(await this.gates.retry(id, caller.signs(body.actor)));
  }

  @Post(':task_id/cancel')
  @HttpCode(200)
  @Needs('reviewer')
  @ApiOperation({ summary: 'Give a video up for now: it becomes a draft, what is ready is kept' })
  @ApiOkResponse({ type: TaskDetail })
  async cancel(@Param('task_id', taskId) id: string, @Body() body: Act, @By() caller: Caller): Promise<TaskDetail> {
    return this.detail(await this.gates.cancel(id, caller.signs(body.actor)));
  }

  @Post(':task_id/queue')
  @HttpCode(200)
  @Needs('operator')
  @ApiOperation({ summary: 'Queue a draft, be it new or cancelled; what is ready is not made again' })
  @ApiOkResponse({ type: TaskDetail })
  async queue(@Param('task_id', taskId) id: string, @Body() body: Act, @By() caller: Caller): Promise<TaskDetail> {
    const task = await this.gates.queue(id, caller.signs(body.actor));
    this.planner.admit();
    return this.detail(task);
  }

  @Post(':task_id/regenerate')
  @HttpCode(200)
  @Needs('reviewer')
  @ApiOperation({ summary: 'Make single items again, of any finished step, and what is made from them; at a review or after an error' })
  @ApiOkResponse({ type: TaskDetail })
  async regenerate(@Param('task_id', taskId) id: string, @Body() body: Regenerate, @By() caller: Caller): Promise<TaskDetail> {
    return this.detail(await this.gates.regenerate(id, caller.signs(body.reviewer), body.items, body.note ?? null));
  }

  @Get(':task_id/evidence')
  @ApiOperation({ summary: 'Who has approved which files of a video, by checksum, and what was published of them' })
  @ApiOkResponse({ type: Evidence })
  async evidence(@Param('task_id', taskId) id: string): Promise<Evidence> {
    const task = await this.database.tasks.find(id);
    if (!task) throw notFound();
    return evidenceOf(this.database, task);
  }

  @Get(':task_id/artifacts/:artifact_id/file')
  @ApiOperation({ summary: "An item's file: picture, clip, sound, cut or captions" })
  async file(
    @Param('task_id', taskId) id: string,
    @Param('artifact_id', artifactId) artifact: string,
    @Res() response: Response,
    @Next() next: NextFunction,
  ): Promise<void> {
    const found = await this.database.artifacts.find(artifact);
    if (found?.taskId !== id || !found.path)
      throw new ApiError(404, 'ARTIFACT_NOT_FOUND', 'There is no such artifact, or it is not made yet.');
    response.sendFile(this.workspace.absolute(found.path), { dotfiles: 'allow' }, (error?: NodeJS.ErrnoException) => {
      if (error?.code === 'ENOENT') next(new ApiError(410, 'FILE_REMOVED', 'The file was removed after the video was published.'));
      else if (error && !response.headersSent) next(error);
    });
  }

  private async detail(task: TaskRow | null): Promise<TaskDetail> {
    if (!task) throw notFound();
    return detailOf(this.database, this.forecasts, task);
  }
}

function notFound(): ApiError {
  return new ApiError(404, 'TASK_NOT_FOUND', 'There is no task with this id.');
}
