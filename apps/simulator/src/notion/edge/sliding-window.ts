/** What has happened in the last so many milliseconds. */
export class SlidingWindow {
  private times: number[] = [];
  private oldest = 0;

  constructor(private readonly windowMs: number) {}

  /** @returns how much has happened in the window that ends now, with this */
  add(now: number): number {
    this.times.push(now);
    return this.count(now);
  }

  count(now: number): number {
    while (this.oldest < this.times.length && (this.times[this.oldest] ?? 0) <= now - this.windowMs) this.oldest++;
    // Forgotten in one go now and then, so that nothing is moved at every look.
    if (this.oldest > 1_000 && this.oldest * 2 > this.times.length) {
      this.times = this.times.slice(this.oldest);
      this.oldest = 0;
    }
    return this.times.length - this.oldest;
  }

  /** How long until less than so much has happened in the window (ms). */
  untilBelow(limit: number, now: number): number {
    const leaving = this.times[this.oldest + this.count(now) - limit];
    return leaving === undefined ? 0 : Math.max(0, leaving + this.windowMs - now);
  }
}
