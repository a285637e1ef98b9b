import { Database } from '#database';
import { NOTION_QUEUE, STAGES, STAGE_NAMES, STEPS, stepInfo } from '#pipeline';
import { QUEUES, RATE_LIMITED, RECONCILER, reportGrantEnding } from '#stage';
import { getQueueToken } from '@nestjs/bullmq';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { Queue } from 'bullmq';

/** How often the house is looked over (ms). */
const EVERY_MS = 30_000;
const MINUTE_MS = 60_000;
/** A service that was not heard of for so long is silent (ms). */
const SILENT_MS = 5 * MINUTE_MS;
/** A queue with more jobs is too deep. */
const DEEP = 1_000;
/** Work that was due so long ago, at a step on which nobody works, is stuck (ms). */
const STUCK_MS = 5 * MINUTE_MS;
/** A provider that has not complained for so long is content again (ms). */
const CONTENT_MS = 10 * MINUTE_MS;
/** So long before a grant ends by itself people are told (ms). */
const GRANT_WARNING_MS = 3 * 24 * 60 * MINUTE_MS;
/** A Redis that takes longer is away (ms). */
const PATIENCE_MS = 5_000;

const GATEWAY = 'gateway';

/** Looks for what fails without saying so. By a timer and not by a job: it must also see that jobs are not worked. */
@Injectable()
export class Watch implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(Watch.name);
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly database: Database,
    private readonly modules: ModuleRef,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.database.heartbeats.expect([...STAGE_NAMES, GATEWAY, RECONCILER]);
    this.timer = setInterval(() => {
      this.look().catch((error: unknown) => {
        this.logger.warn({ event: 'watch_failed', error: String(error) });
      });
    }, EVERY_MS);
  }

  onApplicationShutdown(): void {
    if (this.timer) clearInterval(this.timer);
  }

  /** Raises what is wrong and resolves what is well again. */
  async look(): Promise<void> {
    await this.database.heartbeats.beat(GATEWAY);
    await this.lookAtHeartbeats();
    await this.lookAtStages();
    await this.lookAtQueues();
    await this.lookAtGrants();
    await this.database.alerts.resolveQuiet(RATE_LIMITED, CONTENT_MS);
  }

  private async lookAtHeartbeats(): Promise<void> {
    for (const { service, beatAt, silent } of await this.database.heartbeats.list(SILENT_MS)) {
      await this.set(silent, {
        kind: 'service_silent',
        key: `service_silent:${service}`,
        title: `The ${service} is silent`,
        text: `No process of it has been heard of since ${beatAt.toISOString()}. Start it, or look in its log; what it held is taken up by itself.`,
      });
    }
  }

  private async lookAtStages(): Promise<void> {
    const stuck = await this.database.artifacts.stuck(STUCK_MS);
    for (const stage of STAGE_NAMES) {
      const waiting = STEPS.filter((step) => step.stage === stage).reduce((sum, { name }) => sum + (stuck.get(name) ?? 0), 0);
      await this.set(waiting > 0, {
        kind: 'queue_stuck',
        key: `queue_stuck:${stage}`,
        title: `The queue ${STAGES[stage].queue} does not move`,
        text: `Items have been due for more than ${STUCK_MS / MINUTE_MS} minutes, and nobody works on them. Look whether a process of it runs and what its log says.`,
      });
    }
  }

  private async lookAtGrants(): Promise<void> {
    for (const { channelId, grantExpiresAt } of await this.database.oauthTokens.ending(new Date(Date.now() + GRANT_WARNING_MS)))
      if (grantExpiresAt) await reportGrantEnding(this.database, await this.database.channels.get(channelId), grantExpiresAt);
  }

  private async lookAtQueues(): Promise<void> {
    const depths = await within(PATIENCE_MS, Promise.all(QUEUES.map(async (name) => [name, await this.depth(name)] as const)));
    await this.set(depths === null, {
      kind: 'redis_away',
      key: 'redis_away',
      title: 'Redis does not answer',
      text: 'Nothing is worked until it is back; nothing is lost: the queues are written again from Postgres.',
    });
    const waiting = await this.waiting();
    for (const [name, depth] of depths ?? []) {
      await this.set(depth + (waiting.get(name) ?? 0) > DEEP, {
        kind: 'queue_deep',
        key: `queue_deep:${name}`,
        title: `The queue ${name} is deeper than ${DEEP}`,
        text: 'More is queued than the stage works off. Give it more processes, or let in fewer tasks (TASKS_IN_WORK, WORK_AHEAD_MINUTES).',
      });
    }
  }

  /** What waits in Postgres for room in each queue. */
  private async waiting(): Promise<ReadonlyMap<string, number>> {
    const { census } = this.database;
    const waiting = new Map<string, number>([[NOTION_QUEUE, (await census.outbox()).count]]);
    for (const { step, count } of await census.waitingItems()) {
      const { queue } = STAGES[stepInfo(step).stage];
      waiting.set(queue, (waiting.get(queue) ?? 0) + count);
    }
    return waiting;
  }

  private async depth(name: string): Promise<number> {
    const queue = this.modules.get<Queue>(getQueueToken(name), { strict: false });
    return queue.getJobCountByTypes('waiting', 'prioritized', 'delayed');
  }

  private async set(wrong: boolean, alert: { kind: string; key: string; title: string; text: string }): Promise<void> {
    if (wrong) await this.database.alerts.raise(alert);
    else await this.database.alerts.resolve(alert.key);
  }
}

/** What a promise comes to within that time; null when it takes longer or fails. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => {
      resolve(null);
    }, ms);
  });
  return Promise.race([promise.catch(() => null), late]).finally(() => {
    clearTimeout(timer);
  });
}
