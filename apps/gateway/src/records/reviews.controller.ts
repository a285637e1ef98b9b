import { Database, type ReviewRow } from '#database';
import { DECISIONS, GATES, type Decision, type Gate } from '#pipeline';
import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiProperty, ApiPropertyOptional, ApiResponse, ApiTags } from '@nestjs/swagger';
import { IsIn, IsNotEmpty, IsOptional, IsString, MaxLength } from 'class-validator';
import { ErrorBody } from '../http/api-error.js';
import { Page } from '../http/envelope.js';
import { FindingView } from '../tasks/finding.dto.js';
import { RecordFilters, recordFilterOf } from './record-filters.js';

class ListReviews extends RecordFilters {
  @ApiPropertyOptional({ enum: GATES })
  @IsOptional()
  @IsIn(GATES)
  gate?: Gate;

  @ApiPropertyOptional({ enum: DECISIONS })
  @IsOptional()
  @IsIn(DECISIONS)
  decision?: Decision;

  @ApiPropertyOptional({ description: 'The whole name.', example: 'ann' })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(300)
  reviewer?: string;
}

class ShownFile {
  @ApiProperty({ format: 'uuid' })
  artifact_id: string;

  @ApiPropertyOptional({ description: 'SHA-256 of the file.' })
  checksum: string | null;

  @ApiPropertyOptional({ description: 'What was said to be wrong with it; left out: nothing.', type: [FindingView] })
  findings?: FindingView[];
}

class ReviewView {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'uuid' })
  channel_id: string;

  @ApiProperty({ format: 'uuid' })
  task_id: string;

  @ApiProperty({ enum: GATES })
  gate: Gate;

  @ApiProperty({ enum: DECISIONS })
  decision: Decision;

  @ApiProperty()
  reviewer: string;

  @ApiPropertyOptional()
  note: string | null;

  @ApiProperty({ description: 'What the reviewer saw.', type: [ShownFile] })
  shown: ShownFile[];

  @ApiProperty({ format: 'date-time' })
  created_at: string;
}

@ApiTags('records')
@ApiBearerAuth()
@ApiResponse({ status: '4XX', type: ErrorBody })
@Controller('api/v1/reviews')
export class ReviewsController {
  constructor(private readonly database: Database) {}

  @Get()
  @ApiOperation({ summary: 'What people decided at the gates, newest first' })
  @ApiOkResponse({ type: [ReviewView] })
  async list(@Query() { gate, decision, reviewer, ...filters }: ListReviews): Promise<Page<ReviewView>> {
    const { reviews, total } = await this.database.reviews.list({
      ...recordFilterOf(filters),
      ...(gate && { gate }),
      ...(decision && { decision }),
      ...(reviewer && { reviewer }),
    });
    return new Page(reviews.map(viewOf), total, filters.limit, filters.offset);
  }
}

function viewOf({ id, channelId, taskId, gate, decision, reviewer, note, shown, createdAt }: ReviewRow): ReviewView {
  return { id, channel_id: channelId, task_id: taskId, gate, decision, reviewer, note, shown, created_at: createdAt.toISOString() };
}
