import type { Settings } from '#config';
import type { Failure } from '#pipeline';

const LONGEST_WAIT_MS = 3_600_000;

/** How long something that Notion did not take waits before it is tried again (ms): doubled each time, up to an hour; what was only too much at once, as Notion says. */
export function waitMs({ NOTION_RETRY_SECONDS }: Settings, tries: number, { rateLimited, retryAfterMs = 0 }: Failure): number {
  if (rateLimited && retryAfterMs > 0) return retryAfterMs;
  return Math.max(Math.min(NOTION_RETRY_SECONDS * 1_000 * 2 ** (tries - 1), LONGEST_WAIT_MS), retryAfterMs);
}
