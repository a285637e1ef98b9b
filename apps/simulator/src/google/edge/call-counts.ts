import { Injectable } from '@nestjs/common';
import { Settings } from '../settings.js';
import type { Call } from './calls.js';

/** Counts what is asked of Google and YouTube, served or not, since the settings were last set. */
@Injectable()
export class CallCounts {
  private calls = new Map<Call, number>();
  private tokens = { exchanges: 0, refreshes: 0 };

  constructor(settings: Settings) {
    settings.follow(() => {
      this.calls = new Map();
      this.tokens = { exchanges: 0, refreshes: 0 };
    });
  }

  arrived(call: Call): void {
    this.calls.set(call, (this.calls.get(call) ?? 0) + 1);
  }

  tokenAsked(kind: 'exchanges' | 'refreshes'): void {
    this.tokens[kind]++;
  }

  view(): object {
    return {
      calls: Object.fromEntries(this.calls),
      token_exchanges: this.tokens.exchanges,
      token_refreshes: this.tokens.refreshes,
      multipart_uploads: this.calls.get('multipart') ?? 0,
    };
  }
}
