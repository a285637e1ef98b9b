import { required, settings, type Settings } from '#config';
import { DatabaseModule } from '#database';
import { BullModule, getQueueToken } from '@nestjs/bullmq';
import { Logger, Module, type OnModuleInit } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { Queue } from 'bullmq';
import { Dispatcher } from './dispatcher.js';
import { News } from './news.js';
import { OutboxRelay, QUEUES } from './outbox-relay.js';

/** The queues, and the relay that fills them. */
@Module({
  imports: [
    DatabaseModule,
    BullModule.forRootAsync({
      inject: [settings.KEY],
      useFactory: (values: Settings) => ({
        prefix: values.QUEUE_PREFIX,
        // Workers and the relay wait for a Redis that is away; nothing that people wait for talks to it.
        connection: { url: required(values, 'REDIS_URL'), maxRetriesPerRequest: null },
      }),
    }),
    BullModule.registerQueue(...QUEUES.map((name) => ({ name }))),
  ],
  providers: [News, Dispatcher, OutboxRelay],
  exports: [News, Dispatcher, OutboxRelay, BullModule],
})
export class QueuesModule implements OnModuleInit {
  private readonly logger = new Logger(QueuesModule.name);

  constructor(private readonly modules: ModuleRef) {}

  /** All queues lose the one Redis together: the first speaks for all of them. */
  onModuleInit(): void {
    for (const [index, name] of QUEUES.entries()) {
      this.modules.get<Queue>(getQueueToken(name), { strict: false }).on('error', (error) => {
        if (index === 0) this.logger.warn({ event: 'redis_away', error: error.message });
      });
    }
  }
}
