import { Database, type VideoCostRow } from '#database';
import { CALL_STATES, type CallState } from '#pipeline';
import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiProperty, ApiPropertyOptional, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsUUID, Max, Min } from 'class-validator';
import { ErrorBody } from '../http/api-error.js';
import { Page } from '../http/envelope.js';
import { Paging } from '../http/paging.js';

class ListCosts extends Paging {
  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  channel_id?: string;

  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  task_id?: string;

  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  artifact_id?: string;

  @ApiPropertyOptional({ enum: CALL_STATES })
  @IsOptional()
  @IsIn(CALL_STATES)
  state?: CallState;
}

class ListDays {
  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  channel_id?: string;

  /** How many days, today included. */
  @ApiPropertyOptional({ default: 7, minimum: 1, maximum: 366 })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(366)
  days = 7;
}

class CostView {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'uuid' })
  channel_id: string;

  @ApiProperty({ format: 'uuid' })
  task_id: string;

  @ApiProperty({ format: 'uuid' })
  artifact_id: string;

  @ApiProperty({ example: 'kie' })
  provider: string;

  @ApiProperty({ example: 'clip' })
  operation: string;

  /** Expected while it is intended, exact once it is billed. */
  @ApiProperty()
  amount_usd: number;

  /** Billed by the simulator: what it would have cost. */
  @ApiProperty()
  simulated: boolean;

  @ApiProperty({ enum: CALL_STATES })
  state: CallState;

  @ApiPropertyOptional()
  provider_job_id: string | null;

  /** Why it was not billed, or is lost. */
  @ApiPropertyOptional()
  note: string | null;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiPropertyOptional({ format: 'date-time' })
  settled_at: string | null;
}

class DayView {
  @ApiProperty({ format: 'uuid' })
  channel_id: string;

  /** UTC. */
  @ApiProperty({ example: '2026-11-21' })
  day: string;

  @ApiProperty()
  calls: number;

  @ApiProperty()
  amount_usd: number;

  /** The part of it that may have been paid for nothing. */
  @ApiProperty()
  lost_usd: number;
}

@ApiTags('costs')
@ApiBearerAuth()
@ApiResponse({ status: '4XX', type: ErrorBody })
@Controller('api/v1/video-costs')
export class VideoCostsController {
  constructor(private readonly database: Database) {}

  @Get()
  @ApiOperation({ summary: 'Every paid call, newest first, with what became of it' })
  @ApiOkResponse({ type: [CostView] })
  async list(@Query() { channel_id, task_id, artifact_id, state, limit, offset }: ListCosts): Promise<Page<CostView>> {
    const { costs, total } = await this.database.costs.list({
      ...(channel_id && { channelId: channel_id }),
      ...(task_id && { taskId: task_id }),
      ...(artifact_id && { artifactId: artifact_id }),
      ...(state && { state }),
      limit,
      offset,
    });
    return new Page(costs.map(costView), total, limit, offset);
  }

  @Get('days')
  @ApiOperation({ summary: 'What each channel has spent on each of the last days' })
  @ApiOkResponse({ type: [DayView] })
  async days(@Query() { channel_id, days }: ListDays): Promise<DayView[]> {
    return (await this.database.costs.byDay(days, channel_id)).map(({ channelId, day, calls, amountUsd, lostUsd }) => ({
      channel_id: channelId,
      day,
      calls,
      amount_usd: amountUsd,
      lost_usd: lostUsd,
    }));
  }
}

function costView(cost: VideoCostRow): CostView {
  return {
    id: cost.id,
    channel_id: cost.channelId,
    task_id: cost.taskId,
    artifact_id: cost.artifactId,
    provider: cost.provider,
    operation: cost.operation,
    amount_usd: cost.amountUsd,
    simulated: cost.simulated,
    state: cost.state,
    provider_job_id: cost.providerJobId,
    note: cost.note,
    created_at: cost.createdAt.toISOString(),
    settled_at: cost.settledAt?.toISOString() ?? null,
  };
}
