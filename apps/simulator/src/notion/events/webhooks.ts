import { randomUUID } from 'node:crypto';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { BOT_ID, WORKSPACE_ID, WORKSPACE_NAME } from '../content/ids.js';
import { Dice } from '../../dice.js';
import { Settings } from '../settings.js';
import { Happenings, type Happening } from './happenings.js';
import { isTaken, post, signed } from './post.js';
import { rawJson } from './raw-json.js';
import { Subscriptions, type Subscription } from './subscriptions.js';

/** An event as Notion sends it, but for the number of the attempt. */
interface Event extends Record<string, unknown> {
  id: string;
  type: string;
  authors: readonly object[];
}

/** How often an event is sent at most. */
const MOST_ATTEMPTS = 8;
/** What was sent that could come once more. */
const REMEMBERED = 100;
const FORGED_TOKEN = 'secret_of_somebody_else';

/** What is known of the deliveries to a subscription. */
interface Route {
  /** Its own, so that what becomes of its events does not hang on other subscriptions. */
  dice: Dice;
  /** What was sent lately. */
  sent: { body: string; headers: Record<string, string> }[];
}

/** Tells subscribers what has happened, as reliably as the settings say. */
@Injectable()
export class Webhooks implements OnModuleDestroy {
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly routes = new WeakMap<Subscription, Route>();

  constructor(
    private readonly settings: Settings,
    private readonly subscriptions: Subscriptions,
    happenings: Happenings,
  ) {
    settings.follow(({ seed }) => {
      for (const subscription of subscriptions.all()) this.routeTo(subscription).dice = new Dice(seed);
    });
    happenings.listen((happening) => {
      for (const subscription of subscriptions.all()) if (wants(subscription, happening)) this.tell(subscription, happening);
    });
  }

  onModuleDestroy(): void {
    for (const { id } of this.subscriptions.all()) this.subscriptions.delete(id);
    this.timers.forEach(clearTimeout);
  }

  private tell(subscription: Subscription, happening: Happening): void {
    const { drop, duplicate, bad_signature, replay, unknown_type, no_data_source, own_bot } = this.settings.current;
    const { dice, sent } = this.routeTo(subscription);
    const happens = (share: number, what: string) => dice.happens(share, `${what} ${happening.type}`);
    const event = eventOf(subscription, happening, happens(no_data_source, 'no_data_source'));
    const old = happens(replay, 'replay') && sent[Math.floor(dice.throw('which to replay') * sent.length)];
    if (!happens(drop, 'drop')) {
      this.plan(subscription, event);
      if (happens(duplicate, 'duplicate')) this.plan(subscription, event);
    }
    if (happens(own_bot, 'own_bot')) this.plan(subscription, again(event, { authors: [{ id: BOT_ID, type: 'bot' }] }));
    if (happens(unknown_type, 'unknown_type')) this.plan(subscription, again(event, { type: 'page.teleported' }));
    if (happens(bad_signature, 'bad_signature')) forge(subscription, event);
    if (old) void post(subscription.url, old.body, old.headers);
  }

  private routeTo(subscription: Subscription): Route {
    const route = this.routes.get(subscription) ?? { dice: new Dice(this.settings.current.seed), sent: [] };
    this.routes.set(subscription, route);
    return route;
  }

  private plan(subscription: Subscription, event: Event): void {
    const { delay_ms, reorder_ms } = this.settings.current;
    const delayMs = delay_ms + Math.round(this.routeTo(subscription).dice.throw('reorder') * reorder_ms);
    this.later(delayMs, () => this.deliver(subscription, event, 1));
  }

  private async deliver(subscription: Subscription, event: Event, attempt: number): Promise<void> {
    if (!this.subscriptions.isOn(subscription)) return;
    const { redelivery_ms, same_id_again } = this.settings.current;
    const body = rawJson({ ...event, attempt_number: attempt });
    const headers = signed(body, subscription.token);
    const { sent } = this.routeTo(subscription);
    sent.push({ body, headers });
    if (sent.length > REMEMBERED) sent.shift();
    if (isTaken(await post(subscription.url, body, headers))) {
      subscription.taken++;
      return;
    }
    subscription.refused++;
    if (attempt === MOST_ATTEMPTS) subscription.givenUp++;
    else {
      const next = same_id_again ? event : again(event, {});
      this.later(redelivery_ms * 2 ** (attempt - 1), () => this.deliver(subscription, next, attempt + 1));
    }
  }

  private later(waitMs: number, work: () => Promise<void>): void {
    if (waitMs === 0) {
      void work();
      return;
    }
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      void work();
    }, waitMs);
    this.timers.add(timer);
  }
}

/** What somebody else sends who does not know the token. */
function forge({ url }: Subscription, event: Event): void {
  const body = rawJson({ ...again(event, {}), attempt_number: 1 });
  void post(url, body, signed(body, FORGED_TOKEN));
}

/** A subscription that does not say otherwise is told what happens to pages. */
function wants({ state, eventTypes }: Subscription, { type }: Happening): boolean {
  return state === 'active' && (eventTypes ? eventTypes.includes(type) : type.startsWith('page.'));
}

function eventOf(subscription: Subscription, { type, entity, authors, data, at }: Happening, isSourceLeftOut: boolean): Event {
  const { data_source_id: _, ...parent } = data.parent ?? {};
  return {
    id: randomUUID(),
    timestamp: at.toISOString(),
    workspace_id: WORKSPACE_ID,
    workspace_name: WORKSPACE_NAME,
    subscription_id: subscription.id,
    integration_id: BOT_ID,
    authors: authors.map(({ id, type: kind }) => ({ id, type: kind })),
    api_version: subscription.apiVersion,
    type,
    entity,
    data: isSourceLeftOut && data.parent ? { ...data, parent } : data,
  };
}

/** The same event under another id, with something else in it. */
function again(event: Event, other: Partial<Event>): Event {
  return { ...event, id: randomUUID(), ...other };
}
