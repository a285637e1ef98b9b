import { STAGES, type StageName } from '#pipeline';
import type { INestApplicationContext, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Logger } from 'nestjs-pino';

/** What ending takes besides the grace that items are given: scripts that bring home what they pay for, queues, the database (ms). */
const CLOSING_MS = 13_000;

/** Starts a stage's service: a Nest application without a port. Whoever starts it closes it. */
export async function startService(module: Type): Promise<INestApplicationContext> {
  const service = await NestFactory.createApplicationContext(module, { bufferLogs: true });
  service.useLogger(service.get(Logger));
  service.get(Logger).log({ event: 'service_start_done' });
  return service;
}

/** Runs a stage's service as this process. */
export async function runService(stage: StageName, module: Type): Promise<void> {
  endInOrder(await startService(module), STAGES[stage].shutdownGraceMs + CLOSING_MS);
}

/**
 * Has this process end in good order on SIGTERM and SIGINT: takes nothing more, finishes or hands back what it holds, then closes queues and database.
 * Not everything can be closed: a Redis that is away would be waited for for ever, so it ends at the latest after that time (ms), with code 1.
 */
export function endInOrder(app: INestApplicationContext, withinMs: number): void {
  const logger = app.get(Logger);
  const end = (signal: NodeJS.Signals) => {
    logger.log({ event: 'service_stop_started', signal });
    setTimeout(() => {
      logger.warn({ event: 'service_stop_broken_off', within_ms: withinMs });
      process.exit(1);
    }, withinMs).unref();
    app.close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ event: 'service_stop_failed', error: String(error) });
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', end).once('SIGINT', end);
}
