import type { INestApplicationContext, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Logger } from 'nestjs-pino';

/** Starts a stage's service in this process: a Nest application without a port, which ends in good order on SIGTERM and SIGINT. */
export async function startService(module: Type): Promise<INestApplicationContext> {
  const service = await NestFactory.createApplicationContext(module, { bufferLogs: true });
  service.useLogger(service.get(Logger));
  service.enableShutdownHooks();
  return service;
}
