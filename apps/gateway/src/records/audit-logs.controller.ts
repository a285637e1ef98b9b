import { Database, type AuditLogRow } from '#database';
import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiProperty, ApiPropertyOptional, ApiResponse, ApiTags } from '@nestjs/swagger';
import { IsNotEmpty, IsOptional, IsString, MaxLength } from 'class-validator';
import { ErrorBody } from '../http/api-error.js';
import { Page } from '../http/envelope.js';
import { RecordFilters, recordFilterOf } from './record-filters.js';

class ListAuditLogs extends RecordFilters {
  /** The whole name. */
  @ApiPropertyOptional({ example: 'ann' })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(300)
  actor?: string;

  @ApiPropertyOptional({ example: 'task_edit' })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(100)
  action?: string;
}

class AuditLogView {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiPropertyOptional({ format: 'uuid' })
  channel_id: string | null;

  @ApiPropertyOptional({ format: 'uuid' })
  task_id: string | null;

  @ApiProperty({ example: 'ann' })
  actor: string;

  @ApiProperty({ example: 'task_edit' })
  action: string;

  @ApiProperty({ type: Object })
  details: object;

  @ApiProperty({ format: 'date-time' })
  created_at: string;
}

@ApiTags('records')
@ApiBearerAuth()
@ApiResponse({ status: '4XX', type: ErrorBody })
@Controller('api/v1/audit-logs')
export class AuditLogsController {
  constructor(private readonly database: Database) {}

  @Get()
  @ApiOperation({ summary: 'Who did what, newest first' })
  @ApiOkResponse({ type: [AuditLogView] })
  async list(@Query() { actor, action, ...filters }: ListAuditLogs): Promise<Page<AuditLogView>> {
    const { entries, total } = await this.database.auditLogs.list({
      ...recordFilterOf(filters),
      ...(actor && { actor }),
      ...(action && { action }),
    });
    return new Page(entries.map(viewOf), total, filters.limit, filters.offset);
  }
}

function viewOf({ id, channelId, taskId, actor, action, details, createdAt }: AuditLogRow): AuditLogView {
  return { id, channel_id: channelId, task_id: taskId, actor, action, details, created_at: createdAt.toISOString() };
}
