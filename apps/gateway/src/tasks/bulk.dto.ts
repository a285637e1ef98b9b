import { GATES, PRIORITIES, STATUSES, type Gate, type Priority, type Problem, type Status } from '#pipeline';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsNotEmpty,
  IsOptional,
  IsString,
  IsUUID,
  MaxLength,
  ValidateIf,
} from 'class-validator';
import { FieldProblem } from '../http/api-error.js';
import { GoesWith } from '../http/fields.js';
import { CreateBulkTask } from './new-task.dto.js';

/** How many videos one request may concern. */
const MOST = 200;

const BULK_ACTIONS = ['queue', 'approve', 'reject', 'retry', 'cancel', 'priority'] as const;
type BulkAction = (typeof BULK_ACTIONS)[number];

export class BulkAct {
  @ApiProperty({ enum: BULK_ACTIONS })
  @IsIn(BULK_ACTIONS)
  action: BulkAction;

  @ApiProperty({ type: [String], format: 'uuid', minItems: 1, maxItems: MOST, uniqueItems: true })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MOST)
  @ArrayUnique((id: unknown) => (typeof id === 'string' ? id.toLowerCase() : id))
  @IsUUID('all', { each: true })
  task_ids: string[];

  /** Who decides. */
  @ApiPropertyOptional({ default: 'api' })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(200)
  reviewer?: string;

  /** With approve and reject. */
  @ApiPropertyOptional({ example: 'Fine as they are' })
  @IsOptional()
  @GoesWith('action', 'approve', 'reject')
  @IsString()
  @MaxLength(5_000)
  note?: string;

  /** With approve and reject: those that do not wait at this gate are refused. */
  @ApiPropertyOptional({ enum: GATES })
  @IsOptional()
  @GoesWith('action', 'approve', 'reject')
  @IsIn(GATES)
  gate?: Gate;

  /** With priority, which needs it. */
  @ApiPropertyOptional({ enum: PRIORITIES })
  @ValidateIf(({ action, priority }: Partial<BulkAct>) => action === 'priority' || (priority ?? null) !== null)
  @GoesWith('action', 'priority')
  @IsIn(PRIORITIES)
  priority?: Priority;
}

export class BulkCreate {
  /** Each is checked by itself: one that is wrong does not keep the others out. */
  @ApiProperty({ type: [CreateBulkTask], minItems: 1, maxItems: MOST })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MOST)
  tasks: unknown[];
}

/** Why one of them could not be done. */
class Refusable {
  @ApiProperty()
  ok: boolean;

  /** What it is now, if it could be done. */
  @ApiPropertyOptional({ enum: STATUSES })
  status?: Status;

  /** Why not, if it could not. */
  @ApiPropertyOptional({ example: 'TASK_NOT_AT_GATE' })
  code?: string;

  @ApiPropertyOptional()
  message?: string;

  @ApiPropertyOptional({ type: [FieldProblem] })
  details?: readonly Problem[];
}

export class ActedTask extends Refusable {
  @ApiProperty({ format: 'uuid' })
  task_id: string;
}

export class CreatedTask extends Refusable {
  /** Its place in the request, from 0. */
  @ApiProperty()
  index: number;

  @ApiPropertyOptional({ format: 'uuid' })
  task_id?: string;

  /** False when an earlier request with the same idempotency key made it. */
  @ApiPropertyOptional()
  created?: boolean;
}

class BulkCounts {
  @ApiProperty()
  succeeded: number;

  @ApiProperty()
  failed: number;
}

export class BulkActed extends BulkCounts {
  /** In the order of the request. */
  @ApiProperty({ type: [ActedTask] })
  results: ActedTask[];
}

export class BulkCreated extends BulkCounts {
  /** In the order of the request. */
  @ApiProperty({ type: [CreatedTask] })
  results: CreatedTask[];
}
