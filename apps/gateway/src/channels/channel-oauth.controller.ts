import { settings, type Settings } from '#config';
import { Database, type ChannelRow } from '#database';
import { Failure } from '#pipeline';
import { GrantFile, grantOf } from '#providers/youtube';
import { isDisconnection, reportDisconnection } from '#stage';
import { Body, Controller, HttpCode, Inject, Param, Post, Put, Req } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiProperty,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import type { Request } from 'express';
import { By, Caller } from '../access/caller.js';
import { Needs } from '../access/roles.js';
import { ApiError, ErrorBody } from '../http/api-error.js';
import { CONSENT_PATH } from '../http/open-routes.js';
import { Act } from '../tasks/task.dto.js';
import { ChannelConnection } from '../youtube/channel-connection.js';
import { Consents } from '../youtube/consents.js';
import { channelId, channelNotFound } from './channel.dto.js';

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

class RefreshedGrant {
  /** When the new access token ends; it is renewed by itself before that. */
  @ApiProperty({ format: 'date-time' })
  expires_at: string;
}

class ConsentLink {
  /** To be opened in a browser, once; it leads to Google's consent page and back. */
  @ApiProperty({ format: 'uri' })
  url: string;

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
    private readonly connection: ChannelConnection,
    private readonly consents: Consents,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  @Post('connect-youtube')
  @HttpCode(201)
  @Needs('admin')
  @ApiOperation({ summary: "Begin to connect the channel: a link to Google's consent page, for the browser of whoever agrees" })
  @ApiCreatedResponse({ type: ConsentLink })
  async consent(
    @Param('channel_id', channelId) id: string,
    @Body() { actor }: Act,
    @By() caller: Caller,
    @Req() request: Request,
  ): Promise<ConsentLink> {
    const channel = await this.find(id);
    const base = `${this.settings.PUBLIC_URL ?? `${request.protocol}://${request.get('host') ?? ''}`}/${CONSENT_PATH}`;
    const { ticket, expiresAt } = await this.consents.begin(channel, caller.signs(actor), `${base}/callback`);
    return { url: `${base}/start/${ticket}`, expires_at: expiresAt.toISOString() };
  }

  @Put('oauth-token')
  @HttpCode(204)
  @Needs('admin')
  @ApiOperation({ summary: 'Store the grant that youtube-auth wrote; it is encrypted and never shown again' })
  @ApiBody({ schema: GRANT_SCHEMA })
  @ApiNoContentResponse()
  async connect(@Param('channel_id', channelId) id: string, @Body() grant: GrantFile, @By() caller: Caller): Promise<void> {
    const channel = await this.find(id);
    await this.connection.connect(channel, grantOf(grant), caller.signs()).catch((error: unknown) => {
      const { code, userMessage } = Failure.from(error);
      if (code !== 'WRONG_YOUTUBE_CHANNEL') throw error;
      const message = `channel_id must be ${channel.settings.youtube.channel_id}`;
      throw new ApiError(422, code, userMessage, [{ field: 'channel_id', message }]);
    });
  }

  @Post('refresh-oauth')
  @HttpCode(200)
  @Needs('operator')
  @ApiOperation({ summary: 'Renew the access to YouTube now, which shows whether Google still honours the grant' })
  @ApiOkResponse({ type: RefreshedGrant })
  async refresh(@Param('channel_id', channelId) id: string, @Body() { actor }: Act, @By() caller: Caller): Promise<RefreshedGrant> {
    const channel = await this.find(id);
    const expiresAt = await this.connection.renew(channel, caller.signs(actor)).catch((error: unknown) => this.refused(channel, error));
    return { expires_at: expiresAt.toISOString() };
  }

  /** Says how to connect the channel again; that a channel was never connected is no news. */
  private async refused(channel: ChannelRow, error: unknown): Promise<never> {
    const failure = Failure.from(error);
    if (!isDisconnection(failure)) throw error;
    if (failure.code !== 'CHANNEL_NOT_CONNECTED') await reportDisconnection(this.database, channel, failure);
    throw new ApiError(
      409,
      failure.code,
      `${failure.userMessage} POST /api/v1/channels/${channel.id}/connect-youtube gives a link for that.`,
    );
  }

  private async find(id: string): Promise<ChannelRow> {
    const channel = await this.database.channels.find(id);
    if (!channel) throw channelNotFound();
    return channel;
  }
}
