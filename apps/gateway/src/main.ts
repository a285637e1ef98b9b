import { SettingsError, settings } from '#config';
import { endInOrder } from '#stage';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import helmet from 'helmet';
import { Logger } from 'nestjs-pino';
import { ApiTokens } from './access/api-tokens.js';
import { needs } from './access/roles.js';
import { tokenCheck } from './access/token-check.js';
import { GatewayModule } from './gateway.module.js';
import { EnvelopeInterceptor } from './http/envelope.js';
import { ErrorFilter } from './http/error.filter.js';
import { mountApiPage } from './http/api-page.js';
import { failureLimits, probeLimit } from './http/rate-limits.js';
import { identify } from './http/request-id.js';
import { soundBody } from './http/sound-body.js';
import { validation } from './http/validation.js';
import { mountQueueBoard } from './queue-board.js';

const LOOPBACK = ['127.0.0.1', 'localhost', '::1'];

/** The gateway as an application that does not listen yet. */
export async function createGateway(): Promise<NestExpressApplication> {
  const { HOST, API_TOKEN, TRUST_PROXY, OPEN_ROUTE_FAILURES_PER_MINUTE } = settings();
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
  app.set('trust proxy', TRUST_PROXY);
  // First of all, so that pages and assets that are mounted as middleware are behind them, too.
  app.use(identify, probeLimit, ...failureLimits(OPEN_ROUTE_FAILURES_PER_MINUTE), tokenCheck(app.get(ApiTokens)));
  // The queue page and the API page bring inline scripts of their own.
  app.use(helmet({ contentSecurityPolicy: false }));
  app.useBodyParser('json', { limit: '1mb' });
  app.use(soundBody);
  // Whoever may open it can also empty the queues.
  app.use('/queues', needs('operator'));
  mountQueueBoard(app, '/queues');
  app.useGlobalPipes(validation);
  app.useGlobalInterceptors(new EnvelopeInterceptor());
  app.useGlobalFilters(new ErrorFilter());
  mountApiPage(app, 'docs');
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
