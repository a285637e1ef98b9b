import type { INestApplicationContext, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Logger } from 'nestjs-pino';

/** Starts a stage's service: a Nest application without a port. Whoever starts it closes it. */
export async function startService(module: Type): Promise<INestApplicationContext> {
  const service = await NestFactory.createApplicationContext(module, { bufferLogs: true });
  service.useLogger(service.get(Logger));
  service.get(Logger).log({ event: 'service_start_done' });
  return service;
}

/** Runs a stage's service as this process, which ends in good order on SIGTERM and SIGINT. */
export async function runService(module: Type): Promise<void> {
  (await startService(module)).enableShutdownHooks();
}
