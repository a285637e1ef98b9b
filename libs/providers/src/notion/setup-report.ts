/** What a set-up has come to; in a dry run, what it would come to. */
export class SetupReport {
  /** What was done, or would be. */
  readonly changes: string[] = [];
  /** What only a person can do. */
  readonly problems: string[] = [];

  /** @param isDryRun do nothing, only say what would be done */
  constructor(readonly isDryRun: boolean) {}

  /** Does something and says so; null when it is only said. */
  async change<T>(what: string, act: () => Promise<T>): Promise<T | null> {
    const done = this.isDryRun ? null : await act();
    this.changes.push(what);
    return done;
  }

  problem(what: string): void {
    this.problems.push(what);
  }
}
