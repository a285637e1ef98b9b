import type { Database } from '#database';

/** Keeps an item for its worker by renewing the lease three times in its length; says so when it is lost. */
export class Lease {
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly database: Database,
    private readonly artifactId: string,
    private readonly token: string,
    private readonly lengthMs: number,
  ) {
    this.timer = setInterval(() => void this.renew(), lengthMs / 3);
  }

  /** Aborted when somebody else has the item: whatever is made now cannot be committed. */
  get lost(): AbortSignal {
    return this.controller.signal;
  }

  end(): void {
    clearInterval(this.timer);
  }

  private async renew(): Promise<void> {
    // A database that does not answer is no loss yet: the commit, which needs the token, decides.
    const kept = await this.database.artifacts.renew(this.artifactId, this.token, this.lengthMs).catch(() => true);
    if (!kept) this.controller.abort(new Error('The lease was lost'));
  }
}
