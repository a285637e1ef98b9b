import { Body, Controller, Get, Global, Header, Module, Put, Query } from '@nestjs/common';
import { WireError } from '../answer.js';
import { AtOnce } from './at-once.js';
import { Latency, USUAL_SECONDS } from './latency.js';
import { PAGE } from './page.js';
import { Traffic, type Entry } from './traffic.js';

@Controller('simulator')
class TrafficController {
  constructor(
    private readonly traffic: Traffic,
    private readonly latency: Latency,
    private readonly atOnce: AtOnce,
  ) {}

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  page(): string {
    return PAGE;
  }

  @Get('traffic')
  list(@Query('after') after = '0'): readonly Entry[] {
    return this.traffic.list(Number(after));
  }

  /** What each provider is at work on at once, and the most that it ever was. */
  @Get('at-once')
  counts(): object {
    return this.atOnce.get();
  }

  @Get('latency')
  shown(): object {
    return this.latency.get();
  }

  /** `{"seconds":{"clip":120},"clock":60,"contains":"whale"}`, or `{"usual":true,"clock":60}`. */
  @Put('latency')
  set(@Body() body: { seconds?: unknown; usual?: unknown; clock?: unknown; contains?: unknown }): object {
    const { seconds = {}, usual, clock = 1, contains = '' } = body;
    const given = Object.entries(seconds as object) as [string, unknown][];
    if (
      !given.every(([, value]) => typeof value === 'number' && value >= 0) ||
      typeof clock !== 'number' ||
      clock <= 0 ||
      typeof contains !== 'string'
    )
      throw new WireError(400, { message: 'seconds must be numbers by operation, clock a number above 0, contains a text' });
    const wanted = Object.fromEntries(given) as Record<string, number>;
    this.latency.set(usual === true ? { ...USUAL_SECONDS, ...wanted } : wanted, clock, contains);
    return this.latency.get();
  }
}

@Global()
@Module({ controllers: [TrafficController], providers: [AtOnce, Latency, Traffic], exports: [AtOnce, Latency, Traffic] })
export class TrafficModule {}
