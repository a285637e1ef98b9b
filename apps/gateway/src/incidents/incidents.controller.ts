import { Database, type AlertRow, type DeadLetterRow } from '#database';
import { Gates } from '#stage';
import { Body, Controller, Get, HttpCode, Param, ParseUUIDPipe, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiProperty, ApiPropertyOptional, ApiResponse, ApiTags } from '@nestjs/swagger';
import { IsIn, IsOptional, IsUUID } from 'class-validator';
import { By, Caller } from '../access/caller.js';
import { Needs } from '../access/roles.js';
import { Forecasts } from '../forecast/forecasts.js';
import { ApiError, ErrorBody } from '../http/api-error.js';
import { Page } from '../http/envelope.js';
import { Paging } from '../http/paging.js';
import { Act, TaskDetail } from '../tasks/task.dto.js';
import { detailOf } from '../tasks/task-view.js';

const notFound = () => new ApiError(404, 'DEAD_LETTER_NOT_FOUND', 'There is no dead letter with this id.');
const letterId = new ParseUUIDPipe({ exceptionFactory: notFound });

class ListDeadLetters extends Paging {
  @ApiPropertyOptional({ enum: ['open', 'all'], default: 'open' })
  @IsIn(['open', 'all'])
  state: 'open' | 'all' = 'open';

  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  channel_id?: string;
}

class DeadLetterView {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'uuid' })
  channel_id: string;

  @ApiProperty({ format: 'uuid' })
  task_id: string;

  /** The item that failed; left out when the step itself could not be opened. */
  @ApiPropertyOptional({ format: 'uuid' })
  artifact_id: string | null;

  @ApiProperty()
  step: string;

  @ApiProperty()
  code: string;

  /** What happened. */
  @ApiProperty()
  message: string;

  /** What to do now. */
  @ApiProperty()
  user_message: string;

  @ApiProperty()
  attempts: number;

  @ApiProperty()
  cost_usd: number;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiPropertyOptional({ format: 'date-time' })
  closed_at: string | null;

  @ApiPropertyOptional()
  closed_by: string | null;
}

const ALERT_STATES = ['open', 'resolved', 'notice'] as const;

class ListAlerts extends Paging {
  @ApiPropertyOptional({ enum: ALERT_STATES })
  @IsOptional()
  @IsIn(ALERT_STATES)
  state?: (typeof ALERT_STATES)[number];
}

class AlertView {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ example: 'task_stopped' })
  kind: string;

  @ApiProperty({ enum: ALERT_STATES })
  state: AlertRow['state'];

  @ApiProperty()
  title: string;

  @ApiProperty()
  text: string;

  @ApiPropertyOptional({ format: 'uuid' })
  channel_id: string | null;

  @ApiPropertyOptional({ format: 'uuid' })
  task_id: string | null;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiPropertyOptional({ format: 'date-time' })
  resolved_at: string | null;
}

/** What went wrong, and the one click that takes it back to work. */
@ApiTags('incidents')
@ApiBearerAuth()
@ApiResponse({ status: '4XX', type: ErrorBody })
@Controller('api/v1')
export class IncidentsController {
  constructor(
    private readonly database: Database,
    private readonly gates: Gates,
    private readonly forecasts: Forecasts,
  ) {}

  @Get('dead-letters')
  @ApiOperation({ summary: 'Videos that stopped for good, newest first' })
  @ApiOkResponse({ type: [DeadLetterView] })
  async deadLetters(@Query() { state, channel_id, limit, offset }: ListDeadLetters): Promise<Page<DeadLetterView>> {
    const { letters, total } = await this.database.deadLetters.list({
      open: state === 'open',
      ...(channel_id && { channelId: channel_id }),
      limit,
      offset,
    });
    return new Page(letters.map(deadLetterView), total, limit, offset);
  }

  @Post('dead-letters/:dead_letter_id/redrive')
  @HttpCode(200)
  @Needs('operator')
  @ApiOperation({ summary: 'Take the video of a dead letter back to work; the same as retrying its task' })
  @ApiOkResponse({ type: TaskDetail })
  async redrive(@Param('dead_letter_id', letterId) id: string, @Body() body: Act, @By() caller: Caller): Promise<TaskDetail> {
    const letter = await this.database.deadLetters.find(id);
    if (!letter) throw notFound();
    if (letter.closedAt) throw new ApiError(409, 'DEAD_LETTER_CLOSED', `${letter.closedBy ?? 'Somebody'} has dealt with it already.`);
    return detailOf(this.database, this.forecasts, await this.gates.retry(letter.taskId, caller.signs(body.actor)));
  }

  @Get('alerts')
  @ApiOperation({ summary: 'What people were told of, newest first' })
  @ApiOkResponse({ type: [AlertView] })
  async alerts(@Query() { state, limit, offset }: ListAlerts): Promise<Page<AlertView>> {
    const { alerts, total } = await this.database.alerts.list({ ...(state && { state }), limit, offset });
    return new Page(alerts.map(alertView), total, limit, offset);
  }
}

function deadLetterView(letter: DeadLetterRow): DeadLetterView {
  return {
    id: letter.id,
    channel_id: letter.channelId,
    task_id: letter.taskId,
    artifact_id: letter.artifactId,
    step: letter.step,
    code: letter.code,
    message: letter.message,
    user_message: letter.userMessage,
    attempts: letter.attempts,
    cost_usd: letter.costUsd,
    created_at: letter.createdAt.toISOString(),
    closed_at: letter.closedAt?.toISOString() ?? null,
    closed_by: letter.closedBy,
  };
}

function alertView({ id, kind, state, title, text, channelId, taskId, createdAt, resolvedAt }: AlertRow): AlertView {
  return {
    id,
    kind,
    state,
    title,
    text,
    channel_id: channelId,
    task_id: taskId,
    created_at: createdAt.toISOString(),
    resolved_at: resolvedAt?.toISOString() ?? null,
  };
}
