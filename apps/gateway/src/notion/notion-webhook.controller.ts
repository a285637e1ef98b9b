import { settings, type Settings } from '#config';
import { Database } from '#database';
import { NOTION_QUEUE } from '#pipeline';
import { handshakeToken, isSigned, parseEvent } from '#providers/notion';
import { OutboxRelay, type NotionJob } from '#stage';
import { Body, Controller, Headers, HttpCode, Inject, Logger, Post, Req, type RawBodyRequest } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { ApiError } from '../http/api-error.js';

/** Takes Notion's events: checks the signature, stores the event, answers; the work comes later. */
@ApiTags('notion')
@Controller('webhook/notion')
export class NotionWebhookController {
  private readonly logger = new Logger(NotionWebhookController.name);

  constructor(
    private readonly database: Database,
    private readonly relay: OutboxRelay,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  @Post()
  @HttpCode(202)
  @ApiOperation({ summary: "Notion's webhook; signed on the raw body" })
  async receive(
    @Body() body: unknown,
    @Headers('x-notion-signature') signature: string | undefined,
    @Req() request: RawBodyRequest<Request>,
  ): Promise<{ received: boolean }> {
    const handshake = handshakeToken(body);
    if (handshake) return this.handshake(handshake);
    const token = this.settings.NOTION_WEBHOOK_TOKEN;
    if (!token || !request.rawBody || !(await isSigned(request.rawBody, signature, token))) {
      throw new ApiError(
        401,
        'SIGNATURE_INVALID',
        'The signature is missing or not made with the verification token of this installation.',
      );
    }
    const event = parseEvent(body);
    if (!event.ok) throw new ApiError(400, 'INVALID_INPUT', 'This is no event of Notion; details name what is wrong.', event.problems);
    await this.store(event.value.id, event.value.type, event.value);
    return { received: true };
  }

  /** A handshake proves nothing of its sender, so it is only kept; the token that counts is the operator's setting. */
  private async handshake(token: string): Promise<{ received: boolean }> {
    if (this.settings.NOTION_WEBHOOK_TOKEN !== token) {
      await this.database.webhookEvents.add({
        eventId: `handshake-${Date.now()}`,
        type: 'handshake',
        payload: { verification_token: token },
      });
      this.logger.warn({
        event: 'notion_handshake_received',
        hint: 'The token is in webhook_events, type handshake. Set it as NOTION_WEBHOOK_TOKEN if you have just made this subscription.',
      });
    }
    return { received: true };
  }

  private async store(eventId: string, type: string, payload: object): Promise<void> {
    await this.database.transaction(async (tx) => {
      const id = await tx.webhookEvents.add({ eventId, type, payload });
      if (!id) return;
      const job: NotionJob['read_page'] = { event_id: id };
      await tx.outbox.add([{ queue: NOTION_QUEUE, name: 'read_page', jobId: `event-${id}`, payload: job, priority: 1 }]);
    });
    this.relay.wake();
  }
}
