import { Body, Controller, Delete, Get, Global, HttpCode, Module, Put } from '@nestjs/common';
import { WireError } from '../answer.js';
import { FAULT_KINDS, Faults, type PassingFault } from './faults.js';

const PASSING = FAULT_KINDS.filter((kind) => kind !== 'refused');

interface Wanted {
  seed?: unknown;
  rate?: unknown;
  refusals?: unknown;
  kinds?: unknown;
  hold_ms?: unknown;
  operations?: unknown;
}

/** `PUT {"seed":1,"rate":0.2,"refusals":0.01,"kinds":["cut"],"hold_ms":2000,"operations":["clip"]}`; all but the rate may be left out. */
@Controller('simulator/faults')
class FaultsController {
  constructor(private readonly faults: Faults) {}

  @Get()
  list(): object {
    return this.faults.list();
  }

  @Put()
  set(@Body() { seed = 0, rate, refusals = 0, kinds, hold_ms = 2_000, operations }: Wanted): object {
    if (
      typeof rate !== 'number' ||
      typeof refusals !== 'number' ||
      rate < 0 ||
      refusals < 0 ||
      rate + refusals > 1 ||
      typeof seed !== 'number' ||
      typeof hold_ms !== 'number'
    )
      throw new WireError(400, {
        message: 'rate and refusals must be numbers from 0 to 1, together no more than 1, seed and hold_ms numbers',
      });
    const wanted = texts(kinds) ?? [...PASSING];
    if (!wanted.every((kind): kind is PassingFault => PASSING.some((known) => known === kind)))
      throw new WireError(400, { message: `kinds must be some of ${PASSING.join(', ')}` });
    this.faults.set({ seed, rate, refusals, kinds: wanted, holdMs: hold_ms, operations: texts(operations) });
    return this.faults.list();
  }

  @Delete()
  @HttpCode(204)
  stop(): void {
    this.faults.set(null);
  }
}

function texts(value: unknown): string[] | null {
  return Array.isArray(value) ? value.map(String) : null;
}

@Global()
@Module({ controllers: [FaultsController], providers: [Faults], exports: [Faults] })
export class FaultsModule {}
