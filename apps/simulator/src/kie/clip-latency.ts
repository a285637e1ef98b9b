import { Body, Controller, Get, Injectable, Put } from '@nestjs/common';
import { WireError } from '../answer.js';

/** How long clips take: no longer than they must, unless a test wants them to. */
@Injectable()
export class ClipLatency {
  private wanted = { seconds: 0, prompt_contains: '' };

  set(seconds: number, promptContains: string): void {
    this.wanted = { seconds, prompt_contains: promptContains };
  }

  get(): object {
    return this.wanted;
  }

  /** How long a clip of that prompt takes at least (ms). */
  of(prompt: string): number {
    return prompt.includes(this.wanted.prompt_contains) ? this.wanted.seconds * 1_000 : 0;
  }
}

@Controller('simulator/kie/latency')
export class ClipLatencyController {
  constructor(private readonly latency: ClipLatency) {}

  @Get()
  show(): object {
    return this.latency.get();
  }

  @Put()
  set(@Body() { seconds, prompt_contains = '' }: { seconds?: unknown; prompt_contains?: unknown }): object {
    if (typeof seconds !== 'number' || seconds < 0 || typeof prompt_contains !== 'string')
      throw new WireError(400, { message: 'seconds must be a number, prompt_contains a text' });
    this.latency.set(seconds, prompt_contains);
    return this.latency.get();
  }
}
