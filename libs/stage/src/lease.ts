import { Database } from '#database';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';

/** An item whose worker has been silent for that long is somebody else's (ms), and so is its place at its provider. */
export const LEASE_MS = 9_000;
/** All leases of a process are renewed together, three times in their length (ms). */
const RENEW_MS = LEASE_MS / 3;

/** An item that is this process's for now. */
export class Lease {
  private readonly controller = new AbortController();

  constructor(
    private readonly leases: Leases,
    readonly artifactId: string,
    readonly token: string,
  ) {}

  /** Aborted when somebody else has the item: whatever is made now cannot be committed. */
  get lost(): AbortSignal {
    return this.controller.signal;
  }

  /** Asks whether the item is still this process's. */
  async isOurs(database: Database): Promise<boolean> {
    const ours = await database.artifacts.isHeld(this.artifactId, this.token);
    if (!ours) this.lose();
    return ours;
  }

  lose(): void {
    this.controller.abort(new Error('The lease was lost'));
  }

  end(): void {
    this.leases.end(this);
  }
}

/** The items of this process: keeps them for as long as it is alive. */
@Injectable()
export class Leases implements OnApplicationShutdown {
  private readonly logger = new Logger(Leases.name);
  private readonly held = new Set<Lease>();
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly database: Database) {}

  /** Keeps an item that was claimed with that token, until the lease ends. */
  hold(artifactId: string, token: string): Lease {
    const lease = new Lease(this, artifactId, token);
    this.held.add(lease);
    this.timer ??= setInterval(() => void this.renew(), RENEW_MS);
    return lease;
  }

  end(lease: Lease): void {
    this.held.delete(lease);
    if (this.held.size === 0) this.stop();
  }

  onApplicationShutdown(): void {
    this.stop();
  }

  private async renew(): Promise<void> {
    const leases = [...this.held];
    try {
      const kept = await this.database.artifacts.renewAll(
        leases.map(({ artifactId: id, token: leaseToken }) => ({ id, leaseToken })),
        LEASE_MS,
      );
      for (const lease of leases) if (!kept.includes(lease.artifactId)) lease.lose();
    } catch (error) {
      // A database that does not answer is no loss yet: the commit, which needs the token, decides.
      this.logger.warn({ event: 'leases_not_renewed', leases: leases.length, error: String(error) });
    }
  }

  private stop(): void {
    if (this.timer) clearInterval(this.timer);
    this.timer = null;
  }
}
