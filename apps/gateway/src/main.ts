import { SettingsError, settings } from '#config';
import { endInOrder } from '#stage';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import helmet from 'helmet';
import { Logger } from 'nestjs-pino';
import { GatewayModule } from './gateway.module.js';
import { EnvelopeInterceptor } from './http/envelope.js';
import { ErrorFilter } from './http/error.filter.js';
import { identify } from './http/request-id.js';
import { tokenCheck } from './http/token-check.js';
import { validation } from './http/validation.js';
import { mountQueueBoard } from './queue-board.js';

const LOOPBACK = ['127.0.0.1', 'localhost', '::1'];

/** The gateway as an application that does not listen yet. */
export async function createGateway(): Promise<NestExpressApplication> {
  const { HOST, API_TOKEN } = settings();
  if (!API_TOKEN && !LOOPBACK.includes(HOST)) {
    throw new SettingsError([`API_TOKEN is not set, but the gateway listens on ${HOST}, where others can reach it`]);
  }
  const app = await NestFactory.create<NestExpressApplication>(GatewayModule, {
    bufferLogs: true,
    rawBody: true,
    bodyParser: false,
    abortOnError: false,
  });
  app.useLogger(app.get(Logger));
  // First of all, so that pages and assets that are mounted as middleware are behind it, too.
  app.use(identify, tokenCheck(API_TOKEN));
  // The queue page and the API page bring inline scripts of their own.
  app.use(helmet({ contentSecurityPolicy: false }));
  app.useBodyParser('json', { limit: '1mb' });
  mountQueueBoard(app, '/queues');
  app.useGlobalPipes(validation);
  app.useGlobalInterceptors(new EnvelopeInterceptor());
  app.useGlobalFilters(new ErrorFilter());
  const description = new DocumentBuilder()
    .setTitle('ai-video-generator')
    .setDescription(
      'Answers are `{"success":true,"data":...}`; collections carry `pagination`; errors are `{"success":false,"error":{...}}`.',
    )
    .addBearerAuth()
    .build();
  SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, description));
  return app;
}

/** Starts the gateway on HOST and PORT. */
export async function startGateway(): Promise<{ url: string; app: NestExpressApplication }> {
  const app = await createGateway();
  const { HOST, PORT } = settings();
  await app.listen(PORT, HOST);
  const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  app.get(Logger).log({ event: 'gateway_start_done', url });
  return { url, app };
}

/** How long ending may take (ms). */
const END_WITHIN_MS = 10_000;

if (import.meta.main) endInOrder((await startGateway()).app, END_WITHIN_MS);
