import { Database, type ApiTokenRow } from '#database';
import { ROLES, type Role } from '#pipeline';
import { Body, Controller, Delete, Get, HttpCode, Param, ParseUUIDPipe, Post, Query } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiProperty,
  ApiPropertyOptional,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import { IsIn, IsNotIn, Matches } from 'class-validator';
import { ApiError, ErrorBody } from '../http/api-error.js';
import { Page } from '../http/envelope.js';
import { Paging } from '../http/paging.js';
import { ApiTokens, RESERVED_NAMES } from './api-tokens.js';
import { By, Caller } from './caller.js';
import { Needs } from './roles.js';

const tokenId = new ParseUUIDPipe({
  exceptionFactory: () => new ApiError(404, 'API_TOKEN_NOT_FOUND', 'There is no token with this id.'),
});

class CreateApiToken {
  /** Whose it is; what stands in reviews and audit logs. */
  @ApiProperty({ example: 'ann', minLength: 1, maxLength: 60 })
  @Matches(/^[\p{L}\p{N}._@-](?:[\p{L}\p{N}._@ -]{0,58}[\p{L}\p{N}._@-])?$/u, {
    message: 'name must be 1 to 60 letters, digits, spaces or . _ @ - and not begin or end with a space',
  })
  @IsNotIn(RESERVED_NAMES, { message: `name must not be one of ${RESERVED_NAMES.join(', ')}` })
  name: string;

  @ApiProperty({ enum: ROLES })
  @IsIn(ROLES)
  role: Role;
}

class ApiTokenView {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ example: 'ann' })
  name: string;

  @ApiProperty({ enum: ROLES })
  role: Role;

  @ApiProperty()
  created_by: string;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  /** To the minute. */
  @ApiPropertyOptional({ format: 'date-time' })
  last_used_at: string | null;

  @ApiPropertyOptional({ format: 'date-time' })
  revoked_at: string | null;
}

class NewApiToken extends ApiTokenView {
  /** Shown this once. */
  @ApiProperty({ example: 'avg_...' })
  token: string;
}

@ApiTags('access')
@ApiBearerAuth()
@ApiResponse({ status: '4XX', type: ErrorBody })
@Needs('admin')
@Controller('api/v1/api-tokens')
export class ApiTokensController {
  constructor(
    private readonly database: Database,
    private readonly tokens: ApiTokens,
  ) {}

  @Get()
  @ApiOperation({ summary: 'The tokens, newest first, the revoked ones too' })
  @ApiOkResponse({ type: [ApiTokenView] })
  async list(@Query() { limit, offset }: Paging): Promise<Page<ApiTokenView>> {
    const { tokens, total } = await this.database.apiTokens.list({ limit, offset });
    return new Page(tokens.map(viewOf), total, limit, offset);
  }

  @Post()
  @ApiOperation({ summary: 'Make a token; the answer shows it, and nothing ever again' })
  @ApiCreatedResponse({ type: NewApiToken })
  async create(@Body() { name, role }: CreateApiToken, @By() caller: Caller): Promise<NewApiToken> {
    const { row, token } = await this.tokens.create(name, role, caller.signs());
    return { ...viewOf(row), token };
  }

  @Delete(':api_token_id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Revoke a token; every gateway refuses it within seconds' })
  @ApiNoContentResponse()
  async revoke(@Param('api_token_id', tokenId) id: string, @By() caller: Caller): Promise<void> {
    await this.tokens.revoke(id, caller.signs());
  }
}

function viewOf({ id, name, role, createdBy, createdAt, lastUsedAt, revokedAt }: ApiTokenRow): ApiTokenView {
  return {
    id,
    name,
    role,
    created_by: createdBy,
    created_at: createdAt.toISOString(),
    last_used_at: lastUsedAt?.toISOString() ?? null,
    revoked_at: revokedAt?.toISOString() ?? null,
  };
}
