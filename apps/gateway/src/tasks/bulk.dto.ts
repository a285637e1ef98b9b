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

  @ApiPropertyOptional({ description: 'Who decides.', default: 'api' })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(200)
  reviewer?: string;

  @ApiPropertyOptional({ description: 'With approve and reject.', example: 'Fine as they are' })
  @IsOptional()
  @GoesWith('action', 'approve', 'reject')
  @IsString()
  @MaxLength(5_000)
  note?: string;

  @ApiPropertyOptional({ description: 'With approve and reject: those that do not wait at this gate are refused.', enum: GATES })
  @IsOptional()
  @GoesWith('action', 'approve', 'reject')
  @IsIn(GATES)
  gate?: Gate;

  @ApiPropertyOptional({ description: 'With priority, which needs it.', enum: PRIORITIES })
  @ValidateIf(({ action, priority }: Partial<BulkAct>) => action === 'priority' || (priority ?? null) !== null)
  @GoesWith('action', 'priority')
  @IsIn(PRIORITIES)
  priority?: Priority;
}

export class BulkCreate {
  @ApiProperty({
    description: 'Each is checked by itself: one that is wrong does not keep the others out.',
    type: [CreateBulkTask],
    minItems: 1,
    maxItems: MOST,
  })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MOST)
  tasks: unknown[];
}

/** Why one of them could not be done. */
class Refusable {
  @ApiProperty()
  ok: boolean;

  @ApiPropertyOptional({ description: 'What it is now, if it could be done.', enum: STATUSES })
  status?: Status;

  @ApiPropertyOptional({ description: 'Why not, if it could not.', example: 'TASK_NOT_AT_GATE' })
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
  @ApiProperty({ description: 'Its place in the request, from 0.' })
  index: number;

  @ApiPropertyOptional({ format: 'uuid' })
  task_id?: string;

  @ApiPropertyOptional({ description: 'False when an earlier request with the same idempotency key made it.' })
  created?: boolean;
}

class BulkCounts {
  @ApiProperty()
  succeeded: number;

  @ApiProperty()
  failed: number;
}

export class BulkActed extends BulkCounts {
  @ApiProperty({ description: 'In the order of the request.', type: [ActedTask] })
  results: ActedTask[];
}

export class BulkCreated extends BulkCounts {
  @ApiProperty({ description: 'In the order of the request.', type: [CreatedTask] })
  results: CreatedTask[];
}
