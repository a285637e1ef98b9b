import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { WireError } from '../../answer.js';
import { Changes, type Change } from '../content/changes.js';
import { WORKSPACE_ID, WORKSPACE_NAME } from '../content/ids.js';
import { Settings } from '../settings.js';

interface Subscription {
  url: string;
  token: string;
}

/** Waits between deliveries of an event that was not taken (ms): Notion's hours on a short clock. */
const REDELIVERY_MS = [200, 400, 800, 1_600, 3_200, 6_400, 12_800];

/** Tells subscribers what happens in the workspace. */
@Injectable()
export class Webhooks implements OnModuleDestroy {
  private readonly timers = new Set<NodeJS.Timeout>();
  private subscription: Subscription | null = null;

  constructor(
    private readonly settings: Settings,
    changes: Changes,
  ) {
    changes.listen((change) => {
      if (change.type === 'page.created' || change.type === 'page.properties_updated') this.announce(change);
    });
  }

  /** Subscribes an address as a person does in Notion's settings: the handshake is sent at once, signed with the token it carries. */
  async subscribe(url: string, token = `secret_${randomBytes(16).toString('hex')}`): Promise<string> {
    const body = JSON.stringify({ verification_token: token });
    const response = await this.post(url, body, token);
    if (!response?.ok) throw new WireError(400, { message: `The handshake was answered ${response?.status ?? 'not at all'}` });
    this.subscription = { url, token };
    return token;
  }

  onModuleDestroy(): void {
    this.subscription = null;
    this.timers.forEach(clearTimeout);
  }

  private announce({ type, entity, author, data }: Change): void {
    const event = {
      id: randomUUID(),
      timestamp: new Date().toISOString(),
      workspace_id: WORKSPACE_ID,
      workspace_name: WORKSPACE_NAME,
      subscription_id: '00000000-0000-4000-8000-0000000000a1',
      integration_id: '00000000-0000-4000-8000-0000000000a2',
      authors: [author],
      api_version: '2026-03-11',
      type,
      entity,
      data,
    };
    const drawn = Math.random();
    const { drop, duplicate } = this.settings.current;
    if (drawn < drop) return;
    void this.deliver(event, 1);
    if (drawn < drop + duplicate) void this.deliver(event, 1);
  }

  private async deliver(event: object, attempt: number): Promise<void> {
    if (!this.subscription) return;
    const { url, token } = this.subscription;
    const response = await this.post(url, JSON.stringify({ ...event, attempt_number: attempt }), token);
    const delay = REDELIVERY_MS[attempt - 1];
    if (response?.ok || delay === undefined) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      void this.deliver(event, attempt + 1);
    }, delay);
    this.timers.add(timer);
  }

  private async post(url: string, body: string, token: string): Promise<Response | null> {
    const signature = `sha256=${createHmac('sha256', token).update(body).digest('hex')}`;
    const headers = { 'content-type': 'application/json', 'x-notion-signature': signature };
    return fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(10_000) }).catch(() => null);
  }
}
