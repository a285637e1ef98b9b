import { Injectable } from '@nestjs/common';
import { Settings } from './settings.js';

/** The time of the simulated Google: it begins when and passes as fast as the settings say. */
@Injectable()
export class Clock {
  private begun = { real: 0, simulated: 0 };
  private speed = 1;

  constructor(settings: Settings) {
    settings.follow(({ clock: { now, speed } }) => {
      const real = Date.now();
      this.begun = { real, simulated: now === undefined ? real : Date.parse(now) };
      this.speed = speed;
    });
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.begun.simulated + Math.floor((Date.now() - this.begun.real) * this.speed);
  }

  /** Whether so many seconds have passed since a moment (ms since 1970). */
  isPast(since: number, seconds: number): boolean {
    return this.now() >= since + seconds * 1_000;
  }
}
