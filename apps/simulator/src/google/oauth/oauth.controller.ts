import { SIMULATED_KEY } from '#providers/registry';
import { Body, Controller, Get, HttpCode, Post, Query as QueryParameters, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { WireError, text } from '../../answer.js';
import { serverError } from '../edge/answers.js';
import { CallCounts } from '../edge/call-counts.js';
import { Edge } from '../edge/edge.js';
import { Settings } from '../settings.js';
import { CHANNEL_IDS, isChannelId } from '../youtube/channel-ids.js';
import { backTo, consentPage, only, readConsentRequest, type Query } from './consent.js';
import { Grants } from './grants.js';

@Controller('google')
export class OAuthController {
  constructor(
    private readonly grants: Grants,
    private readonly edge: Edge,
    private readonly counts: CallCounts,
    private readonly settings: Settings,
  ) {}

  /** The consent page: choose a channel. With `approve=1` the choice in `channel_id` counts at once; `deny=1` refuses. */
  @Get('auth')
  consent(@QueryParameters() query: Query, @Res() response: Response): void {
    const request = readConsentRequest(query);
    const { channel_id: channelId = '', approve, deny } = only(query);
    const { untick } = this.settings.current;
    const scopes = request.scopes.filter((scope) => !untick.includes(scope));
    if (deny || (approve && scopes.length === 0)) response.redirect(backTo(request, { error: 'access_denied' }));
    else if (approve && isChannelId(channelId)) {
      const code = this.grants.agree({ ...request, channelId, scopes });
      response.redirect(backTo(request, { code, scope: scopes.join(' ') }));
    } else response.type('html').send(consentPage(query, CHANNEL_IDS));
  }

  @Post('token')
  @HttpCode(200)
  token(@Body() body: unknown, @Req() request: Request, @Res({ passthrough: true }) response: Response): object {
    const type = text(body, 'grant_type');
    const [code, refreshToken] = [text(body, 'code'), text(body, 'refresh_token')];
    if (type === 'refresh_token') this.counts.tokenAsked('refreshes');
    if (type === 'authorization_code') this.counts.tokenAsked('exchanges');
    const planned = this.edge.enter({ call: 'token', channelId: this.grants.channelOf(refreshToken || code) }, request, response);
    if (text(body, 'client_id') !== SIMULATED_KEY || text(body, 'client_secret') !== SIMULATED_KEY)
      throw new WireError(401, { error: 'invalid_client', error_description: 'The OAuth client was not found.' });
    if (type !== 'refresh_token' && type !== 'authorization_code')
      throw new WireError(400, { error: 'unsupported_grant_type', error_description: `Invalid grant_type: ${type}` });
    const tokens =
      type === 'refresh_token'
        ? this.grants.refresh(refreshToken)
        : this.grants.exchange(code, text(body, 'redirect_uri'), text(body, 'code_verifier'));
    if (planned) throw serverError('token', 503);
    return tokens;
  }

  /** Ends what the account of a token has agreed to; the token is in the query or in the form. */
  @Post('revoke')
  @HttpCode(200)
  revoke(
    @QueryParameters() query: Query,
    @Body() body: unknown,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): object {
    const token = only(query).token ?? text(body, 'token');
    const planned = this.edge.enter({ call: 'revoke', channelId: this.grants.channelOf(token) }, request, response);
    if (!this.grants.revoke(token)) throw new WireError(400, { error: 'invalid_token', error_description: 'Token expired or revoked' });
    if (planned) throw serverError('revoke', 503);
    return {};
  }
}
