import { type Failure, transient } from '#pipeline';
import { collectPaginatedAPI, type Client, type ListBlockChildrenParameters } from '@notionhq/client';
import { patiently } from '../patience.js';
import { notionFailure } from './failure.js';

/** Waits until another request may be sent to Notion. */
export type Turn = () => Promise<void>;

/** How requests are sent. */
export interface Pace {
  /** Awaited before each request. */
  turn: Turn;
  /** No further request is sent once it is aborted; the SDK cannot end one that is under way. */
  signal?: AbortSignal;
}

/**
 * Sends a request once, in its turn.
 * @throws Failure as `notionFailure` says; STOPPED
 */
export async function ask<T>(request: () => Promise<T>, { turn, signal }: Pace): Promise<T> {
  throwIfStopped(signal);
  await turn();
  throwIfStopped(signal);
  return request().catch((error: unknown) => {
    throw notionFailure(error);
  });
}

/**
 * Does again what may be done again while it fails in passing; that there are too many requests is for everybody to know.
 * @param isFinal failures in passing after which the same again is in vain
 */
export function again<T>(
  work: () => Promise<T>,
  { signal }: Pick<Pace, 'signal'>,
  isFinal: (failure: Failure) => boolean = () => false,
): Promise<T> {
  return patiently(work, signal, (failure) => failure.rateLimited || isFinal(failure));
}

/** Everything that stands directly in a page or a block. */
export function childrenOf(client: Client, blockId: string, pace: Pace) {
  const list = (query: ListBlockChildrenParameters) => again(() => ask(() => client.blocks.children.list(query), pace), pace);
  return collectPaginatedAPI(list, { block_id: blockId, page_size: 100 });
}

/** An answer that is not what Notion says it answers. */
export function nonsense(what: string): Failure {
  return transient({
    code: 'NOTION_NONSENSE',
    message: `Notion answered with ${what}`,
    userMessage: 'Notion answered with something unexpected. It is tried again by itself.',
  });
}

function throwIfStopped(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  throw transient({
    code: 'STOPPED',
    message: 'A request to Notion was not sent any more',
    userMessage: 'The work was stopped; it goes on by itself.',
    cause: signal.reason,
  });
}
