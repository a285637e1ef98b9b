import { Database } from '#database';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';

/** How often a process says that its service is alive (ms). */
const HEARTBEAT_MS = 30_000;

/** Says that a service is alive, so that its silence can be noticed. */
@Injectable()
export class Heartbeat implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(Heartbeat.name);
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly database: Database,
    private readonly service: string,
  ) {}

  onApplicationBootstrap(): void {
    this.beat();
    this.timer = setInterval(() => {
      this.beat();
    }, HEARTBEAT_MS);
  }

  onApplicationShutdown(): void {
    if (this.timer) clearInterval(this.timer);
  }

  private beat(): void {
    this.database.heartbeats.beat(this.service).catch((error: unknown) => {
      this.logger.warn({ event: 'heartbeat_failed', error: String(error) });
    });
  }
}
