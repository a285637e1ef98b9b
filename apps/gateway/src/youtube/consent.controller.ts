import { Failure } from '#pipeline';
import { Controller, Get, Logger, Param, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { CONSENT_PATH } from '../http/open-routes.js';
import { Consents } from './consents.js';

const COOKIE = 'youtube_consent';

/** The two pages of a consent that a browser comes by, without a token: their secrets are their own. */
@ApiExcludeController()
@Controller(CONSENT_PATH)
export class ConsentController {
  private readonly logger = new Logger(ConsentController.name);

  constructor(private readonly consents: Consents) {}

  @Get('start/:ticket')
  async start(@Param('ticket') ticket: string, @Req() request: Request, @Res() response: Response): Promise<void> {
    try {
      const { url, browserSecret, endsAt } = await this.consents.open(ticket);
      response.cookie(COOKIE, browserSecret, {
        httpOnly: true,
        sameSite: 'lax',
        secure: request.protocol === 'https',
        path: `/${CONSENT_PATH}`,
        expires: endsAt,
      });
      response.redirect(303, url);
    } catch (error) {
      this.refuse(response, error);
    }
  }

  @Get('callback')
  async callback(
    @Query('state') state: unknown,
    @Query('code') code: unknown,
    @Query('error') error: unknown,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const cookie = new RegExp(`(?:^|;\\s*)${COOKIE}=([\\w-]+)`).exec(request.headers.cookie ?? '')?.[1] ?? null;
    response.clearCookie(COOKIE, { path: `/${CONSENT_PATH}` });
    try {
      const answer = { state: text(state) ?? '', code: text(code), error: text(error) };
      const { channel, grant } = await this.consents.finish(answer, cookie);
      const ends = grant.grantExpiresAt
        ? `Until ${grant.grantExpiresAt.toUTCString()} only: the Google app is in "Testing". Publish it ("In production") and connect the channel again, or do this every week.`
        : 'You can close this page.';
      page(response, 200, `${channel.settings.name} is connected`, `Its videos go on by themselves. ${ends}`);
    } catch (cause) {
      this.refuse(response, cause);
    }
  }

  private refuse(response: Response, error: unknown): void {
    const { code, message, userMessage } = Failure.from(error);
    this.logger.warn({ event: 'consent_failed', code, error: message });
    page(response, code === 'CONSENT_OVER' ? 410 : 422, 'The channel is not connected', `${userMessage} (${code})`);
  }
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function page(response: Response, status: number, title: string, body: string): void {
  const escaped = (raw: string) => raw.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  // Its address holds what must not travel on.
  response.set('referrer-policy', 'no-referrer').set('cache-control', 'no-store').status(status).type('html');
  response.send(
    `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title>` +
      `<body style="font:1.1rem/1.5 system-ui;max-width:36rem;margin:15vh auto;padding:0 1rem"><h1>${escaped(title)}</h1><p>${escaped(body)}</p>`,
  );
}
