import { required, settings, type Settings } from '#config';
import { Database, TokenCipher, type ChannelRow } from '#database';
import { closeDisconnection } from '#stage';
import { GrantFile, grantOf, serializeGrant } from '#providers/youtube';
import { Body, Controller, Get, HttpCode, Inject, Param, ParseUUIDPipe, Put, Query } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiProperty,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import { By, Caller } from '../access/caller.js';
import { Needs } from '../access/roles.js';
import { ApiError, ErrorBody } from '../http/api-error.js';
import { Page } from '../http/envelope.js';
import { TaskFilters, filterOf } from '../tasks/task-list.dto.js';
import { TaskSummary } from '../tasks/task.dto.js';
import { summaryOf } from '../tasks/task-view.js';

const channelId = new ParseUUIDPipe({ exceptionFactory: () => notFound() });

/** The file that youtube-auth writes; its class knows nothing of OpenAPI. */
const GRANT_SCHEMA = {
  type: 'object',
  required: ['refresh_token', 'access_token', 'expires_at', 'scopes'],
  properties: {
    refresh_token: { type: 'string' },
    access_token: { type: 'string' },
    expires_at: { type: 'string', format: 'date-time' },
    scopes: { type: 'array', items: { type: 'string' }, minItems: 1 },
    channel_id: { type: 'string', description: 'The YouTube channel that was chosen on the consent page' },
  },
};

class ChannelView {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ example: 'deep_sea' })
  key: string;

  @ApiProperty()
  name: string;

  @ApiProperty({ example: 'en' })
  language: string;

  @ApiProperty()
  youtube_channel_id: string;

  /** Whether a Google grant is stored. */
  @ApiProperty()
  youtube_connected: boolean;
}

@ApiTags('channels')
@ApiBearerAuth()
@ApiResponse({ status: '4XX', type: ErrorBody })
@Controller('api/v1/channels')
export class ChannelsController {
  constructor(
    private readonly database: Database,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  @Get()
  @ApiOperation({ summary: 'The channels' })
  @ApiOkResponse({ type: [ChannelView] })
  async list(): Promise<ChannelView[]> {
    return Promise.all((await this.database.channels.list()).map((channel) => this.view(channel)));
  }

  @Get(':channel_id')
  @ApiOperation({ summary: 'One channel' })
  @ApiOkResponse({ type: ChannelView })
  async get(@Param('channel_id', channelId) id: string): Promise<ChannelView> {
    return this.view(await this.find(id));
  }

  @Get(':channel_id/tasks')
  @ApiOperation({ summary: "A channel's videos, newest first" })
  @ApiOkResponse({ type: [TaskSummary] })
  async tasks(@Param('channel_id', channelId) id: string, @Query() filters: TaskFilters): Promise<Page<TaskSummary>> {
    await this.find(id);
    const { tasks, total } = await this.database.tasks.list({ ...filterOf(filters), channelId: id });
    return new Page(tasks.map(summaryOf), total, filters.limit, filters.offset);
  }

  @Put(':channel_id/oauth-token')
  @HttpCode(204)
  @Needs('admin')
  @ApiOperation({ summary: 'Store the grant that youtube-auth wrote; it is encrypted and never shown again' })
  @ApiBody({ schema: GRANT_SCHEMA })
  @ApiNoContentResponse()
  async connect(@Param('channel_id', channelId) id: string, @Body() grant: GrantFile, @By() caller: Caller): Promise<void> {
    const { settings: channel } = await this.find(id);
    const wanted = channel.youtube.channel_id;
    if (grant.channel_id !== wanted) {
      throw new ApiError(
        422,
        'WRONG_YOUTUBE_CHANNEL',
        `The grant is for ${grant.channel_id ?? 'no stated channel'}, the channel file names ${wanted}.`,
        [{ field: 'channel_id', message: `channel_id must be ${wanted}` }],
      );
    }
    const cipher = new TokenCipher(required(this.settings, 'TOKEN_ENCRYPTION_KEY'));
    const grantEncrypted = cipher.encrypt(serializeGrant(grantOf(grant)), id);
    await this.database.transaction(async (tx) => {
      await tx.oauthTokens.save({ channelId: id, grantEncrypted, expiresAt: new Date(grant.expires_at) });
      await closeDisconnection(tx, id);
      const details = { youtube_channel_id: wanted };
      await tx.auditLogs.add({ channelId: id, taskId: null, actor: caller.signs(), action: 'channel_connected', details });
    });
  }

  private async find(id: string): Promise<ChannelRow> {
    const channel = await this.database.channels.find(id);
    if (!channel) throw notFound();
    return channel;
  }

  private async view({ id, key, settings: { name, language, youtube } }: ChannelRow): Promise<ChannelView> {
    const connected = (await this.database.oauthTokens.find(id)) !== null;
    return { id, key, name, language, youtube_channel_id: youtube.channel_id, youtube_connected: connected };
  }
}

function notFound(): ApiError {
  return new ApiError(404, 'CHANNEL_NOT_FOUND', 'There is no channel with this id.');
}
