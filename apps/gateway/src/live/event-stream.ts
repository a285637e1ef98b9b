import { once } from 'node:events';
import type { Response } from 'express';

/** A sign of life, so that proxies do not take a quiet stream for a dead one (ms). */
const HEARTBEAT_MS = 15_000;
/** How long a client that was cut off waits before it comes again (ms). */
const COME_AGAIN_MS = 2_000;
/** A client that has left so much unread is let go (bytes): it comes again and is told what it has missed. */
const MOST_UNREAD = 1024 * 1024;
/** A client that reads nothing for so long while it is told what it has missed is let go (ms). */
const PATIENCE_MS = 30_000;

/** One client of `text/event-stream`. It is never waited for, except where it asks for much at once. */
export class EventStream {
  private readonly heartbeat: NodeJS.Timeout;

  constructor(private readonly response: Response) {
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      connection: 'keep-alive',
      // nginx would hold events back until a buffer is full.
      'x-accel-buffering': 'no',
    });
    this.heartbeat = setInterval(() => {
      this.write(':\n\n');
    }, HEARTBEAT_MS);
    response.once('close', () => {
      clearInterval(this.heartbeat);
    });
  }

  get open(): boolean {
    return !this.response.writableEnded && !this.response.destroyed;
  }

  /** Greets the client, which has an id to come again with even if nothing happens meanwhile. */
  begin(id: string): void {
    this.write(`retry: ${COME_AGAIN_MS}\nid: ${id}\n\n`);
  }

  send(event: string, id: string, data: unknown): void {
    this.write(`event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** Waits until the client has read what it was sent, or is gone. */
  async read(): Promise<void> {
    if (!this.open || !this.response.writableNeedDrain) return;
    const enough = new AbortController();
    const signal = AbortSignal.any([enough.signal, AbortSignal.timeout(PATIENCE_MS)]);
    try {
      await Promise.race([once(this.response, 'drain', { signal }), once(this.response, 'close', { signal })]);
    } catch {
      this.response.destroy();
    } finally {
      enough.abort();
    }
  }

  onceClosed(act: () => void): void {
    this.response.once('close', act);
  }

  end(): void {
    if (this.open) this.response.end();
  }

  private write(text: string): void {
    if (!this.open) return;
    this.response.write(text);
    if (this.response.writableLength > MOST_UNREAD) this.response.destroy();
  }
}
