import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';

/** Waits before a callback is sent, and sent again when it was not heard (ms). */
const WAITS_MS = [0, 1_000, 2_000, 4_000, 8_000, 16_000];

/** What can become of a callback on its way. */
export const CALLBACK_WAYS = ['sent', 'lost', 'twice', 'forged', 'old'] as const;
export type CallbackWay = (typeof CALLBACK_WAYS)[number];

/** KIE's callbacks: signed when its account has a key for that. */
@Injectable()
export class Callbacks {
  key: string | null = null;
  way: CallbackWay = 'sent';

  /** Says that a job is over, as often as it takes to be heard. */
  async send(address: string, taskId: string, body: object): Promise<void> {
    if (this.way === 'lost') return;
    for (const waitMs of WAITS_MS) {
      await sleep(waitMs, undefined, { ref: false });
      if (!(await this.post(address, taskId, body))) continue;
      if (this.way === 'twice') await this.post(address, taskId, body);
      return;
    }
  }

  private async post(address: string, taskId: string, body: object): Promise<boolean> {
    const headers = { 'content-type': 'application/json', ...this.signature(taskId) };
    const response = await fetch(address, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(15_000),
    }).catch(() => null);
    return response?.ok === true;
  }

  /** Only the job's id and the moment are signed, not the body. */
  private signature(taskId: string): Record<string, string> {
    if (!this.key) return {};
    const timestamp = String(Math.floor(Date.now() / 1_000) - (this.way === 'old' ? 3_600 : 0));
    const key = this.way === 'forged' ? 'somebody else' : this.key;
    const signature = createHmac('sha256', key).update(`${taskId}.${timestamp}`).digest('base64');
    return { 'x-webhook-timestamp': timestamp, 'x-webhook-signature': signature };
  }
}
