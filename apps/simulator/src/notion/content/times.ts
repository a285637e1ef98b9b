import { Injectable } from '@nestjs/common';
import { Settings } from '../settings.js';

const MINUTE_MS = 60_000;

/** Times as Notion tells them: to the minute, unless somebody wants them exact. */
@Injectable()
export class Times {
  constructor(private readonly settings: Settings) {}

  told(ms: number): number {
    return this.settings.current.minute_times ? Math.floor(ms / MINUTE_MS) * MINUTE_MS : ms;
  }

  text(ms: number): string {
    return new Date(this.told(ms)).toISOString();
  }
}
