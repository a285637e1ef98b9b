import { setTimeout as sleep } from 'node:timers/promises';
import { Failure, permanent } from '#pipeline';
import { iteratePaginatedAPI, type Client } from '@notionhq/client';
import { openNotion, type NotionAddress } from './connection.js';
import { NOTION_BLOCK_LIMIT } from './failure.js';
import { ask } from './requests.js';

/** How often a request is made until it is given up; where nobody answers, the address or the network is wrong. */
const TRIES = { busy: 6, unreachable: 3 };
/** How long it waits after the first failure (ms); doubled each time. */
const FIRST_WAIT_MS = 1_000;
const UNREACHABLE = 'NOTION_UNREACHABLE';

export interface Manners {
  /** Time between two requests (ms). */
  spacingMs: number;
  /** Told when Notion has to be waited for (ms), and why. */
  onWait?: (ms: number, why: string) => void;
}

/** Which part of a list is asked for, and what is answered. */
interface PageWish {
  page_size: number;
  start_cursor?: string;
}
interface PageOf<T> {
  object: 'list';
  results: T[];
  next_cursor: string | null;
  has_more: boolean;
}

/** Notion for a command that a person waits for: asks at a pace, waits when it is busy, and says in plain words what is wrong. */
export class PatientNotion {
  private readonly client: Client;
  private free = 0;

  constructor(
    address: NotionAddress,
    private readonly manners: Manners,
  ) {
    this.client = openNotion(address);
  }

  /**
   * Asks for something.
   * @throws Failure whose `userMessage` says what to do
   */
  async read<T>(request: (client: Client) => Promise<T>): Promise<T> {
    return this.write<T>(request, () => Promise.resolve(null));
  }

  /** Everything of a list, as far as it is asked for. */
  each<T>(list: (client: Client, page: PageWish) => Promise<PageOf<T>>): AsyncIterableIterator<T> {
    return iteratePaginatedAPI((page: PageWish) => this.read((client) => list(client, page)), { page_size: 100 });
  }

  /**
   * Changes something once: whether a change was saved of which no answer came is looked up before it is asked for again.
   * @param look what the change has come to; null: it was not saved
   * @throws Failure whose `userMessage` says what to do
   */
  async write<T, S = T>(change: (client: Client) => Promise<T>, look: () => Promise<S | null>): Promise<T | S> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await ask(() => change(this.client), { turn: () => this.turn() });
      } catch (error) {
        const failure = Failure.from(error);
        const most = failure.code === UNREACHABLE ? TRIES.unreachable : TRIES.busy;
        if (failure.kind !== 'transient' || tries >= most || isBlocked(failure)) throw inPlainWords(failure);
        const waitMs = Math.max(FIRST_WAIT_MS * 2 ** (tries - 1), failure.retryAfterMs ?? 0);
        this.manners.onWait?.(waitMs, failure.rateLimited ? 'it has been asked too much' : 'it is busy');
        await sleep(waitMs);
        const saved = await look();
        if (saved !== null) return saved;
      }
    }
  }

  /** What there is under an id; null when there is nothing, or nothing that the connection sees. */
  async find<T>(request: (client: Client) => Promise<T>): Promise<T | null> {
    return this.read(request).catch((error: unknown) => {
      // An id of another kind of thing is an error of the request in Notion's eyes.
      if (['NOTION_OBJECT_NOT_FOUND', 'NOTION_VALIDATION_ERROR'].includes((error as Failure).code)) return null;
      throw error;
    });
  }

  private async turn(): Promise<void> {
    const now = performance.now();
    const turn = Math.max(this.free, now);
    this.free = turn + this.manners.spacingMs;
    await sleep(turn - now);
  }
}

/** A 429 after which nothing helps. */
function isBlocked({ cause }: Failure): boolean {
  const { additional_data: data } = (cause ?? {}) as { additional_data?: { rate_limit_reason?: unknown } };
  return data?.rate_limit_reason === 'public_api_request_blocked';
}

const CONNECTION = 'your connection at https://www.notion.so/profile/integrations';

/** The same failure, with what a person has to do about it in Notion. */
function inPlainWords(failure: Failure): Failure {
  const say = (userMessage: string) => permanent({ code: failure.code, message: failure.message, userMessage, cause: failure.cause });
  if (failure.code === 'NOTION_UNAUTHORIZED')
    return say(`Notion does not know the token. Copy it again from ${CONNECTION} ("Internal integration secret") into NOTION_TOKEN.`);
  if (failure.code === 'NOTION_OBJECT_NOT_FOUND')
    return say(`Notion does not show it to the connection. ${HOW_TO_SHARE} Notion says: ${(failure.cause as Error).message}`);
  if (failure.code === NOTION_BLOCK_LIMIT)
    return say(
      'The workspace has used up what the free plan allows (1,000 blocks, when it has more than one member). Upgrade it, or use a workspace of your own alone.',
    );
  if (failure.code === 'NOTION_RESTRICTED_RESOURCE')
    return say(`The connection may not do that. Under ${CONNECTION}, Capabilities, tick Read, Update and Insert content.`);
  if (isBlocked(failure)) return say('Notion has blocked the connection for asking too much. Ask Notion to open it again.');
  if (failure.code === UNREACHABLE) return say(`Notion cannot be reached (${failure.message}). Check the network, then run it again.`);
  if (failure.code === 'NOTION_NOTIONHQ_CLIENT_RESPONSE_ERROR' && failure.kind === 'permanent')
    return say(`Something before Notion turned the request away (${failure.message}). Check the network and NOTION_BASE_URL.`);
  if (failure.kind === 'transient')
    return say(`Notion takes no requests now (${failure.message}). Run it again later: it goes on where it stopped.`);
  return failure;
}

export const HOW_TO_SHARE =
  'In Notion, open the page, choose ··· > Connections and add your connection; what is in the page is shared with it.';
