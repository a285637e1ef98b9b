import { Injectable } from '@nestjs/common';

/** How many requests and jobs a provider is at work on, and the most that it ever was. */
interface Count {
  now: number;
  most: number;
}

/** Counts what each provider is at work on at once, as its own limit would. */
@Injectable()
export class AtOnce {
  private readonly counts = new Map<string, Count>();

  /** Something begins; returns what ends it. */
  begin(provider: string): () => void {
    const count = this.counts.get(provider) ?? { now: 0, most: 0 };
    this.counts.set(provider, count);
    count.now += 1;
    count.most = Math.max(count.most, count.now);
    return () => (count.now -= 1);
  }

  get(): Record<string, Count> {
    return Object.fromEntries(this.counts);
  }
}
