import { required, settings, type Settings } from '#config';
import { DatabaseModule } from '#database';
import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
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
  providers: [OutboxRelay],
  exports: [OutboxRelay, BullModule],
})
export class QueuesModule {}
