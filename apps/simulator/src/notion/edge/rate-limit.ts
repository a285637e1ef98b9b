import { Injectable } from '@nestjs/common';
import { NotionError } from '../errors.js';
import { Settings } from '../settings.js';
import { SlidingWindow } from './sliding-window.js';

const CONNECTION = 'public_api_request_rate_limit';
const WORKSPACE = 'public_api_space_request_rate_limit';
export const BLOCKED = 'public_api_request_blocked';

/** How long a client is told to wait when nothing else says (s). */
export const USUAL_WAIT_SECONDS = 1;

/** Lets so many requests through in a window, from each connection and from all together. */
@Injectable()
export class RateLimit {
  private connections = new Map<string, SlidingWindow>();
  private workspace = new SlidingWindow(0);

  constructor(private readonly settings: Settings) {
    settings.follow(({ rate }) => {
      this.connections = new Map();
      this.workspace = new SlidingWindow(rate?.window_ms ?? 0);
    });
  }

  /** @throws NotionError when the connection, or the workspace, has used up what it may */
  take(token: string, now: number): void {
    const { rate } = this.settings.current;
    if (!rate) return;
    const connection = this.connections.get(token) ?? new SlidingWindow(rate.window_ms);
    this.connections.set(token, connection);
    if (connection.count(now) >= rate.requests) throw tooMany(CONNECTION, connection.untilBelow(rate.requests, now));
    const { workspace_requests: most } = rate;
    if (most !== null && this.workspace.count(now) >= most) throw tooMany(WORKSPACE, this.workspace.untilBelow(most, now));
    connection.add(now);
    this.workspace.add(now);
  }
}

/** @param waitMs how long until there is room again (ms) */
export function tooMany(reason: string, waitMs: number): NotionError {
  const seconds = Math.max(USUAL_WAIT_SECONDS, Math.ceil(waitMs / 1_000));
  return new NotionError(429, 'rate_limited', 'You have been rate limited. Please try again in a few minutes.', {
    additionalData: { rate_limit_reason: reason, retry_after: seconds },
    headers: { 'retry-after': String(seconds) },
  });
}
