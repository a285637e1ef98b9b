import { settings, type Settings } from '#config';
import { Database, type ChannelRow } from '#database';
import { ChannelGrants } from '#grants';
import { Failure } from '#pipeline';
import { GrantFile, grantOf } from '#providers/youtube';
import { closeDisconnection, isDisconnection, reportDisconnection } from '#stage';
import { Body, Controller, HttpCode, Inject, Param, Post, Put } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiProperty, ApiResponse, ApiTags } from '@nestjs/swagger';
import { By, Caller } from '../access/caller.js';
import { Needs } from '../access/roles.js';
import { ApiError, ErrorBody } from '../http/api-error.js';
import { Act } from '../tasks/task.dto.js';
import { channelId, channelNotFound } from './channel.dto.js';

class RefreshedGrant {
  /** When the new access token ends; it is renewed by itself before that. */
  @ApiProperty({ format: 'date-time' })
  expires_at: string;
}

/** The channels' Google grants. */
@ApiTags('channels')
@ApiBearerAuth()
@ApiResponse({ status: '4XX', type: ErrorBody })
@Controller('api/v1/channels/:channel_id')
export class ChannelOAuthController {
  constructor(
    private readonly database: Database,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  @Put('oauth-token')
  @HttpCode(204)
  @Needs('admin')
  @ApiOperation({ summary: 'Store the grant that youtube-auth wrote; it is encrypted and never shown again' })
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
    await this.database.transaction(async (tx) => {
      await this.grants.save(tx, id, grantOf(grant));
      await closeDisconnection(tx, id);
      const details = { youtube_channel_id: wanted };
      await tx.auditLogs.add({ channelId: id, taskId: null, actor: caller.signs(), action: 'channel_connected', details });
    });
  }

  @Post('refresh-oauth')
  @HttpCode(200)
  @Needs('operator')
  @ApiOperation({ summary: 'Renew the access to YouTube now, which shows whether Google still honours the grant' })
  @ApiOkResponse({ type: RefreshedGrant })
  async refresh(@Param('channel_id', channelId) id: string, @Body() { actor }: Act, @By() caller: Caller): Promise<RefreshedGrant> {
    const channel = await this.find(id);
    const expiresAt = await this.grants.renew(id).catch((error: unknown) => this.refused(channel, error));
    await this.database.transaction(async (tx) => {
      await closeDisconnection(tx, id);
      const details = { expires_at: expiresAt.toISOString() };
      await tx.auditLogs.add({ channelId: id, taskId: null, actor: caller.signs(actor), action: 'channel_grant_refreshed', details });
    });
    return { expires_at: expiresAt.toISOString() };
  }

  /** Says how to connect the channel again; that a channel was never connected is no news. */
  private async refused(channel: ChannelRow, error: unknown): Promise<never> {
    const failure = Failure.from(error);
    if (!isDisconnection(failure)) throw error;
    if (failure.code !== 'CHANNEL_NOT_CONNECTED') await reportDisconnection(this.database, channel, failure);
    const how = `Run youtube-auth as README says (step 4), then PUT its grant to /api/v1/channels/${channel.id}/oauth-token.`;
    throw new ApiError(409, failure.code, `${failure.userMessage} ${how}`);
  }

  private async find(id: string): Promise<ChannelRow> {
    const channel = await this.database.channels.find(id);
    if (!channel) throw channelNotFound();
    return channel;
  }

  /** Made when it is needed: an installation that does not publish has no key. */
  private get grants(): ChannelGrants {
    return new ChannelGrants(this.database, this.settings);
  }
}
