import { settings, type Settings } from '#config';
import type { Parsed } from '#pipeline';
import { handshakeToken, isSecret, parseAutomationEvent, parseEvent, type NotionEvent } from '#providers/notion';
import { Body, Controller, Headers, HttpCode, Inject, Post, Req, type RawBodyRequest } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { ApiError } from '../http/api-error.js';
import { NotionIntake } from './notion-intake.js';
import { WebhookTokens } from './webhook-tokens.js';

/** Takes Notion's events, those of subscriptions and those of automations: checks who sends them, stores them, answers; the work comes later. */
@ApiTags('notion')
@Controller('webhook/notion')
export class NotionWebhookController {
  constructor(
    private readonly intake: NotionIntake,
    private readonly tokens: WebhookTokens,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  @Post()
  @HttpCode(202)
  @ApiOperation({ summary: "Notion's webhook; signed on the raw body, or with an automation's secret" })
  async receive(
    @Body() body: unknown,
    @Headers('x-notion-signature') signature: string | undefined,
    @Headers('x-webhook-secret') secret: string | undefined,
    @Req() request: RawBodyRequest<Request>,
  ): Promise<{ received: boolean }> {
    if (secret !== undefined) return this.automation(body, secret);
    const handshake = handshakeToken(body);
    if (handshake) {
      await this.tokens.receive(handshake);
      return { received: true };
    }
    if (!request.rawBody || !(await this.tokens.haveSigned(request.rawBody, signature))) {
      throw new ApiError(
        401,
        'SIGNATURE_INVALID',
        'The signature is missing or not made with the verification token of an active subscription.',
      );
    }
    return this.take(parseEvent(body));
  }

  /** What the action "Send webhook" of a database automation sends. */
  private async automation(body: unknown, secret: string): Promise<{ received: boolean }> {
    const wanted = this.settings.NOTION_AUTOMATION_SECRET;
    if (!wanted || !isSecret(secret, wanted))
      throw new ApiError(401, 'SECRET_INVALID', 'X-Webhook-Secret is not the NOTION_AUTOMATION_SECRET of this installation.');
    return this.take(parseAutomationEvent(body));
  }

  private async take(event: Parsed<NotionEvent>): Promise<{ received: boolean }> {
    if (!event.ok) throw new ApiError(400, 'INVALID_INPUT', 'This is no event of Notion; details name what is wrong.', event.problems);
    await this.intake.store({ eventId: event.value.id, type: event.value.type, payload: event.value });
    return { received: true };
  }
}
