import { PACIFIC_TIME } from '#pipeline';
import { Injectable } from '@nestjs/common';
import { Clock } from '../clock.js';
import { quotaExceeded, uploadsExhausted } from '../errors.js';
import { Settings } from '../settings.js';
import type { Bucket } from './methods.js';

/** Writes a moment's day as `2026-11-21`. */
const DAY = new Intl.DateTimeFormat('en-CA', { timeZone: PACIFIC_TIME, year: 'numeric', month: '2-digit', day: '2-digit' });

/** What the project has used of its day, and how many calls were refused for want of more. */
interface Usage {
  uploads: number;
  units: number;
  refused: number;
}

/** The project's budgets. A day is one of Pacific time on the simulated clock, so some have 23 or 25 hours. */
@Injectable()
export class Quota {
  private readonly days = new Map<string, Usage>();

  constructor(
    private readonly clock: Clock,
    private readonly settings: Settings,
  ) {}

  /** @throws WireError when the day's budget does not suffice; then nothing is charged */
  charge({ bucket, cost }: { bucket: Bucket; cost: number }): void {
    const usage = this.today();
    const { uploads_a_day: uploads, units_a_day: units } = this.settings.current;
    const most = { uploads, units }[bucket];
    if (most !== null && usage[bucket] + cost > most) {
      usage.refused++;
      throw bucket === 'uploads' ? uploadsExhausted() : quotaExceeded();
    }
    usage[bucket] += cost;
  }

  /** By day. */
  view(): object[] {
    return [...this.days].map(([day, usage]) => ({ day, ...usage }));
  }

  private today(): Usage {
    const day = DAY.format(this.clock.now());
    const usage = this.days.get(day) ?? { uploads: 0, units: 0, refused: 0 };
    this.days.set(day, usage);
    return usage;
  }
}
