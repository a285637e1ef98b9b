import { randomBytes, randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { WireError } from '../../answer.js';
import { isTaken, post, signed } from './post.js';

/** A subscription begins as pending, until a person has pasted the token that its address was sent. */
type SubscriptionState = 'pending' | 'active' | 'paused';

export interface Subscription {
  readonly id: string;
  readonly url: string;
  readonly token: string;
  state: SubscriptionState;
  /** Null: everything that happens to pages. */
  eventTypes: readonly string[] | null;
  /** Which version of the API events are written in; a setting of the subscription, not of the connection. */
  apiVersion: string;
  /** Deliveries that were taken, that were not, and events that were given up. */
  taken: number;
  refused: number;
  givenUp: number;
}

/** Who wants to be told what happens, set up by a person in Notion's settings: no API does it. */
@Injectable()
export class Subscriptions {
  private readonly subscriptions = new Map<string, Subscription>();

  /**
   * Subscribes an address; the handshake is sent at once, signed with the token that it carries.
   * @param token left out, a person has to paste the token that the address was sent; given, that counts as done
   * @throws WireError when the handshake is not taken
   */
  async add(url: string, token: string | null, eventTypes: readonly string[] | null): Promise<Subscription> {
    const subscription: Subscription = {
      id: randomUUID(),
      url,
      token: token ?? `secret_${randomBytes(32).toString('base64url')}`,
      state: 'pending',
      eventTypes,
      apiVersion: '2026-03-11',
      taken: 0,
      refused: 0,
      givenUp: 0,
    };
    await this.shakeHands(subscription);
    for (const other of this.all()) if (other.url === url) this.subscriptions.delete(other.id);
    if (token) subscription.state = 'active';
    this.subscriptions.set(subscription.id, subscription);
    return subscription;
  }

  /** What a person does with the token that their receiver was sent. */
  verify(token: string): Subscription {
    const subscription = this.all().find((one) => one.token === token);
    if (!subscription) throw new WireError(400, { message: 'verification_token is none that was sent' });
    if (subscription.state === 'pending') subscription.state = 'active';
    return subscription;
  }

  /** Sends the handshake of a subscription once more. */
  async resend(id: string): Promise<Subscription> {
    const subscription = this.find(id);
    await this.shakeHands(subscription);
    return subscription;
  }

  find(id: string): Subscription {
    const subscription = this.subscriptions.get(id);
    if (!subscription) throw new WireError(404, { message: `There is no subscription ${id}` });
    return subscription;
  }

  delete(id: string): void {
    this.subscriptions.delete(this.find(id).id);
  }

  all(): Subscription[] {
    return [...this.subscriptions.values()];
  }

  /** Whether it is still to be told. */
  isOn({ id }: Subscription): boolean {
    return this.subscriptions.get(id)?.state === 'active';
  }

  private async shakeHands({ url, token }: Subscription): Promise<void> {
    const body = JSON.stringify({ verification_token: token });
    const status = await post(url, body, signed(body, token));
    if (!isTaken(status)) throw new WireError(400, { message: `The handshake was answered ${status ?? 'not at all'}` });
  }
}

/** A subscription as a person sees it: without its token. */
export function viewSubscription({ id, url, state, eventTypes, apiVersion, taken, refused, givenUp }: Subscription): object {
  return { id, url, state, event_types: eventTypes, api_version: apiVersion, taken, refused, given_up: givenUp };
}
