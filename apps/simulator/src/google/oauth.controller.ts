import { SIMULATED_KEY } from '#providers/registry';
import { Body, Controller, Get, HttpCode, Post, Query, Res } from '@nestjs/common';
import type { Response } from 'express';
import { WireError, text } from '../answer.js';
import { GoogleAccounts } from './accounts.js';

@Controller('google')
export class OAuthController {
  constructor(private readonly accounts: GoogleAccounts) {}

  /** The consent page: choose a channel. With `approve=1` the choice in `channel_id` counts at once. */
  @Get('auth')
  consent(@Query() query: Record<string, string | undefined>, @Res() response: Response): void {
    const { client_id, redirect_uri = '', state = '', scope = '', code_challenge, access_type, prompt, channel_id, approve } = query;
    if (client_id !== SIMULATED_KEY) throw new WireError(401, 'Error 401: invalid_client');
    if (!/^https:\/\/|^http:\/\/(localhost|127\.0\.0\.1)[:/]/.test(redirect_uri))
      throw new WireError(400, 'Error 400: redirect_uri_mismatch');
    if (approve && channel_id && /^UC[\w-]{22}$/.test(channel_id)) {
      const offline = access_type === 'offline' && prompt === 'consent';
      const code = this.accounts.agree({
        channelId: channel_id,
        redirectUri: redirect_uri,
        challenge: code_challenge ?? null,
        scope,
        offline,
      });
      response.redirect(`${redirect_uri}?${new URLSearchParams({ state, code, scope }).toString()}`);
      return;
    }
    const links = this.accounts.channels.map((id) => {
      const choice = new URLSearchParams({ ...(query as Record<string, string>), channel_id: id, approve: '1' });
      return `<li><a href="?${choice.toString()}">${id}</a></li>`;
    });
    response.type('html').send(`<!doctype html><title>Choose a channel</title><h1>Choose a channel</h1><ul>${links.join('')}</ul>`);
  }

  @Post('token')
  @HttpCode(200)
  token(@Body() body: unknown): object {
    if (text(body, 'client_id') !== SIMULATED_KEY || text(body, 'client_secret') !== SIMULATED_KEY) {
      throw new WireError(401, { error: 'invalid_client', error_description: 'The OAuth client was not found.' });
    }
    const tokens =
      text(body, 'grant_type') === 'refresh_token'
        ? this.accounts.refresh(text(body, 'refresh_token'))
        : this.accounts.exchange(text(body, 'code'), text(body, 'redirect_uri'), text(body, 'code_verifier'));
    if (!tokens) throw new WireError(400, { error: 'invalid_grant', error_description: 'Token has been expired or revoked.' });
    return tokens;
  }
}
