import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Req } from '@nestjs/common';
import type { Request } from 'express';
import { read } from '../../control-body.js';
import { originOf } from '../caller.js';
import { Automations, viewAutomation } from '../events/automations.js';
import { Subscriptions, viewSubscription } from '../events/subscriptions.js';
import { AutomationBody, TokenBody, WebhookBody, WebhookChangeBody } from './bodies.js';

/** Where a person sets up who is told what happens. */
@Controller('simulator/notion')
export class EventsController {
  constructor(
    private readonly subscriptions: Subscriptions,
    private readonly automations: Automations,
  ) {}

  @Get('webhooks')
  webhooks(): object[] {
    return this.subscriptions.all().map(viewSubscription);
  }

  @Post('webhooks')
  @HttpCode(200)
  async subscribe(@Body() body: unknown): Promise<object> {
    const { url, verification_token, event_types } = read(WebhookBody, body);
    const subscription = await this.subscriptions.add(url, verification_token ?? null, event_types ?? null);
    return { ...viewSubscription(subscription), ...(verification_token && { verification_token }) };
  }

  /** The token is pasted that the receiver was sent. */
  @Post('webhooks/verify')
  @HttpCode(200)
  verify(@Body() body: unknown): object {
    return viewSubscription(this.subscriptions.verify(read(TokenBody, body).verification_token));
  }

  @Post('webhooks/:id/resend')
  @HttpCode(200)
  async resend(@Param('id') id: string): Promise<object> {
    return viewSubscription(await this.subscriptions.resend(id));
  }

  @Patch('webhooks/:id')
  change(@Param('id') id: string, @Body() body: unknown): object {
    const subscription = this.subscriptions.find(id);
    const { state, event_types, api_version } = read(WebhookChangeBody, body);
    subscription.eventTypes = event_types ?? subscription.eventTypes;
    subscription.apiVersion = api_version ?? subscription.apiVersion;
    if (state && subscription.state !== 'pending') subscription.state = state;
    return viewSubscription(subscription);
  }

  @Delete('webhooks/:id')
  @HttpCode(204)
  unsubscribe(@Param('id') id: string): void {
    this.subscriptions.delete(id);
  }

  @Get('automations')
  all(): object[] {
    return this.automations.all().map(viewAutomation);
  }

  /** `{"url":"http://127.0.0.1:3000/webhook/notion","header":"x-webhook-secret","value":"..."}` */
  @Post('automations')
  @HttpCode(200)
  automate(@Body() body: unknown, @Req() request: Request): object {
    const { url, header, value, data_source_id: sourceId } = read(AutomationBody, body);
    return viewAutomation(this.automations.add({ url, header, value, sourceId, origin: originOf(request) }));
  }

  @Post('automations/:id/resume')
  @HttpCode(200)
  resume(@Param('id') id: string): object {
    return viewAutomation(this.automations.resume(id));
  }

  @Delete('automations/:id')
  @HttpCode(204)
  stop(@Param('id') id: string): void {
    this.automations.delete(id);
  }
}
