import { IsMoment } from '#pipeline';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsUUID } from 'class-validator';
import { Paging } from '../http/paging.js';

/** Which of the things that were written down about videos are wanted. */
export class RecordFilters extends Paging {
  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  channel_id?: string;

  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  task_id?: string;

  /** Written then or later. */
  @ApiPropertyOptional({ format: 'date-time', example: '2026-11-21' })
  @IsOptional()
  @IsMoment()
  created_after?: string;

  /** Written earlier. */
  @ApiPropertyOptional({ format: 'date-time', example: '2026-11-21T08:00:00Z' })
  @IsOptional()
  @IsMoment()
  created_before?: string;
}

/** The same as the database knows it. */
export function recordFilterOf({ channel_id, task_id, created_after, created_before, limit, offset }: RecordFilters) {
  return {
    ...(channel_id && { channelId: channel_id }),
    ...(task_id && { taskId: task_id }),
    ...(created_after && { createdAfter: new Date(created_after) }),
    ...(created_before && { createdBefore: new Date(created_before) }),
    limit,
    offset,
  };
}
