import { Body, Controller, HttpCode, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

/** What the webhook is compared with: a route of the same framework that takes the same body and does nothing with it. */
@Controller('webhook/notion')
class BareController {
  @Post()
  @HttpCode(202)
  receive(@Body() body: unknown): { received: boolean } {
    return { received: body !== undefined };
  }
}

@Module({ controllers: [BareController] })
class BareModule {}

const app = await NestFactory.create(BareModule, { logger: false });
await app.listen(0, '127.0.0.1');
process.stdout.write(`bare route at ${await app.getUrl()}\n`);
process.once('SIGTERM', () => void app.close().then(() => process.exit(0)));
