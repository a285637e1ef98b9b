import { TASK_SORTS, type TaskFilter, type TaskSort } from '#database';
import { IsMoment, PRIORITIES, STATUSES, gateAt, type Priority, type Status } from '#pipeline';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, IsBoolean, IsIn, IsNotEmpty, IsOptional, IsString, IsUUID, MaxLength } from 'class-validator';
import { Flag, Several } from '../http/fields.js';
import { Paging } from '../http/paging.js';

const SORTS = TASK_SORTS.flatMap((sort) => [`-${sort}` as const, sort]);

/** Which of a channel's videos are wanted. */
export class TaskFilters extends Paging {
  /** Any of these, joined by commas or repeated. */
  @ApiPropertyOptional({ enum: STATUSES, isArray: true })
  @IsOptional()
  @Several()
  @ArrayMaxSize(STATUSES.length)
  @IsIn(STATUSES, { each: true })
  status?: Status[];

  /** Whether it waits for a person, at one of the gates. */
  @ApiPropertyOptional()
  @IsOptional()
  @Flag()
  @IsBoolean()
  waiting?: boolean;

  /** Whether it stopped at an error. */
  @ApiPropertyOptional()
  @IsOptional()
  @Flag()
  @IsBoolean()
  in_error?: boolean;

  @ApiPropertyOptional({ enum: PRIORITIES })
  @IsOptional()
  @IsIn(PRIORITIES)
  priority?: Priority;

  /** Part of the title, whatever the case. */
  @ApiPropertyOptional({ maxLength: 100, example: 'whale' })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(100)
  q?: string;

  /** Made then or later. */
  @ApiPropertyOptional({ format: 'date-time', example: '2026-11-21' })
  @IsOptional()
  @IsMoment()
  created_after?: string;

  /** Made earlier. */
  @ApiPropertyOptional({ format: 'date-time', example: '2026-11-21T08:00:00Z' })
  @IsOptional()
  @IsMoment()
  created_before?: string;

  /** Changed then or later. */
  @ApiPropertyOptional({ format: 'date-time', example: '2026-11-21T08:00:00Z' })
  @IsOptional()
  @IsMoment()
  updated_after?: string;

  /** With - the latest or most urgent first. */
  @ApiPropertyOptional({ enum: SORTS, default: '-created_at' })
  @IsOptional()
  @IsIn(SORTS)
  sort?: TaskSort | `-${TaskSort}`;
}

/** Which videos are wanted. */
export class ListTasks extends TaskFilters {
  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  channel_id?: string;

  /** A channel's key or name. */
  @ApiPropertyOptional({ example: 'deep_sea' })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  channel?: string;
}

/** What the API calls a filter, as the database knows it. */
export function filterOf(wanted: TaskFilters): TaskFilter {
  const { priority, q, created_after, created_before, updated_after, sort, limit, offset } = wanted;
  return {
    ...statusesOf(wanted),
    ...(priority && { priority }),
    ...(q && { titlePart: q }),
    ...(created_after && { createdAfter: new Date(created_after) }),
    ...(created_before && { createdBefore: new Date(created_before) }),
    ...(updated_after && { updatedAfter: new Date(updated_after) }),
    ...(sort && { sort: { by: TASK_SORTS.find((name) => sort.endsWith(name)) ?? 'created_at', descending: sort.startsWith('-') } }),
    limit,
    offset,
  };
}

/** The statuses that all of the conditions leave; nothing when there is no condition. */
function statusesOf({ status, waiting, in_error }: TaskFilters): { statuses?: Status[] } {
  if (!status && waiting === undefined && in_error === undefined) return {};
  return {
    statuses: (status ?? STATUSES).filter(
      (one) =>
        (waiting === undefined || (gateAt(one) !== null) === waiting) && (in_error === undefined || one.endsWith('_error') === in_error),
    ),
  };
}
