import type { Database } from '#database';

/** Keeps an item for its worker by renewing the lease three times in its length; says so when it is lost. */
export class Lease {
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;

  constructor(
    database: Database,
    private readonly artifactId: string,
    readonly token: string,
    private readonly lengthMs: number,
  ) {
    // A database that does not answer is no loss yet: the commit, which needs the token, decides.
    this.timer = setInterval(() => void this.renew(database).catch(() => undefined), lengthMs / 3);
  }

  /** Aborted when somebody else has the item: whatever is made now cannot be committed. */
  get lost(): AbortSignal {
    return this.controller.signal;
  }

  /** Keeps the item for another while; false when somebody else has it. */
  async renew(database: Database): Promise<boolean> {
    const kept = await database.artifacts.renew(this.artifactId, this.token, this.lengthMs);
    if (!kept) this.controller.abort(new Error('The lease was lost'));
    return kept;
  }

  end(): void {
    clearInterval(this.timer);
  }
}
