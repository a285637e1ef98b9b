/** Counts requests in a sliding window. */
export class Window {
  private taken: number[] = [];

  /**
   * @param most requests in a window
   * @param ms its length
   */
  constructor(
    private readonly most: number,
    private readonly ms: number,
  ) {}

  /** Whether one more fits; it is counted then. */
  take(now = Date.now()): boolean {
    this.taken = this.taken.filter((at) => at > now - this.ms);
    if (this.taken.length >= this.most) return false;
    this.taken.push(now);
    return true;
  }
}
