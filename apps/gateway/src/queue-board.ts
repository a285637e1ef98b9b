import { QUEUES } from '#stage';
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import { getQueueToken } from '@nestjs/bullmq';
import type { INestApplication } from '@nestjs/common';
import type { Queue } from 'bullmq';

/** Mounts Bull Board: every queue, its jobs, and the means to look at, pause and empty them. */
export function mountQueueBoard(app: INestApplication, route: string): void {
  const serverAdapter = new ExpressAdapter();
  serverAdapter.setBasePath(route);
  const queues = QUEUES.map((name) => new BullMQAdapter(app.get<Queue>(getQueueToken(name), { strict: false })));
  createBullBoard({ queues, serverAdapter, options: { uiConfig: { boardTitle: 'Queues' } } });
  app.use(route, serverAdapter.getRouter());
}
