import { Injectable } from '@nestjs/common';
import { Settings } from '../settings.js';
import { SlidingWindow } from './sliding-window.js';

/** The window in which the most requests are looked for when no rate is set (ms): Notion's. */
const USUAL_WINDOW_MS = 60_000;
const SECOND_MS = 1_000;

/** Counts what reaches Notion's door, let in or not, since the settings were last set. */
@Injectable()
export class RequestCounts {
  private windowMs = USUAL_WINDOW_MS;
  private window = new SlidingWindow(USUAL_WINDOW_MS);
  private second = new SlidingWindow(SECOND_MS);
  private requests = 0;
  private mostInWindow = 0;
  private mostInSecond = 0;
  private rateLimited = 0;
  private kinds = new Map<string, number>();

  constructor(settings: Settings) {
    settings.follow(({ rate }) => {
      this.windowMs = rate?.window_ms ?? USUAL_WINDOW_MS;
      this.window = new SlidingWindow(this.windowMs);
      this.second = new SlidingWindow(SECOND_MS);
      this.requests = this.mostInWindow = this.mostInSecond = this.rateLimited = 0;
      this.kinds = new Map();
    });
  }

  /** @param kind method and path without ids */
  arrived(kind: string, now: number): void {
    this.requests++;
    this.mostInWindow = Math.max(this.mostInWindow, this.window.add(now));
    this.mostInSecond = Math.max(this.mostInSecond, this.second.add(now));
    this.kinds.set(kind, (this.kinds.get(kind) ?? 0) + 1);
  }

  answered(status: number): void {
    if (status === 429) this.rateLimited++;
  }

  view(): object {
    return {
      requests: this.requests,
      window_ms: this.windowMs,
      most_in_window: this.mostInWindow,
      most_in_a_second: this.mostInSecond,
      rate_limited: this.rateLimited,
      kinds: Object.fromEntries([...this.kinds].sort(([one], [other]) => one.localeCompare(other))),
    };
  }
}
