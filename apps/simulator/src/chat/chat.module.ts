import { Body, Controller, Get, HttpCode, Module, Param, Post, Query, Res } from '@nestjs/common';
import type { Response } from 'express';
import { WireError, text } from '../answer.js';

interface Message {
  service: 'slack' | 'discord';
  text: string;
}

/** Slack's and Discord's incoming webhooks. */
@Controller()
class ChatController {
  private readonly messages: Message[] = [];

  @Post('slack/services/:team/:bot/:secret')
  @HttpCode(200)
  slack(@Body() body: unknown, @Res() response: Response): void {
    const said = text(body, 'text');
    if (!said) throw new WireError(400, 'no_text');
    this.messages.push({ service: 'slack', text: said });
    response.type('html').send('ok');
  }

  @Post('discord/api/webhooks/:id/:token')
  discord(@Param('id') id: string, @Query('wait') wait: string | undefined, @Body() body: unknown, @Res() response: Response): void {
    const said = text(body, 'content');
    if (!said) throw new WireError(400, { message: 'Cannot send an empty message', code: 50_006 });
    if (said.length > 2_000) throw new WireError(400, { content: ['Must be 2000 or fewer in length.'] });
    this.messages.push({ service: 'discord', text: said });
    if (wait === 'true') response.status(200).json({ id: String(this.messages.length), webhook_id: id, content: said });
    else response.status(204).end();
  }

  @Get('simulator/chat/messages')
  list(): Message[] {
    return this.messages;
  }
}

@Module({ controllers: [ChatController] })
export class ChatModule {}
