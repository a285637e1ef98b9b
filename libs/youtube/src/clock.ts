import { Injectable } from '@nestjs/common';

/** What time it is for YouTube's days and a channel's schedule. A class of its own so that tests can let days pass. */
@Injectable()
export class Clock {
  now(): Date {
    return new Date();
  }
}
