import { Injectable } from '@nestjs/common';
import { Faults } from './faults/faults.js';
import { Traffic } from './traffic/traffic.js';

/** A call that a provider received. */
export interface Call {
  provider: string;
  operation: string;
  /** What the provider billed for it (USD). */
  usd: number;
  detail?: Readonly<Record<string, string | number>>;
  /** What was made or received, under `/files`. */
  file?: string;
  /** Its answer was cut off on the way to the client. */
  cut?: true;
  at: string;
}

/** Everything that the simulated providers were asked for, and what it cost: what tests count. */
@Injectable()
export class Ledger {
  private readonly calls: Call[] = [];

  constructor(
    private readonly faults: Faults,
    private readonly traffic: Traffic,
  ) {}

  record(call: Omit<Call, 'at' | 'cut'>): void {
    this.traffic.note(call);
    this.calls.push({ ...call, ...(this.faults.isCut(call.usd) && { cut: true }), at: new Date().toISOString() });
  }

  list(provider?: string, operation?: string): Call[] {
    return this.calls.filter((call) => (!provider || call.provider === provider) && (!operation || call.operation === operation));
  }

  summary(): { provider: string; operation: string; calls: number; usd: number }[] {
    const groups = Map.groupBy(this.calls, ({ provider, operation }) => `${provider} ${operation}`);
    return [...groups.values()].map((calls) => ({
      provider: calls[0]?.provider ?? '',
      operation: calls[0]?.operation ?? '',
      calls: calls.length,
      usd: Math.round(calls.reduce((sum, { usd }) => sum + usd, 0) * 1e6) / 1e6,
    }));
  }
}
