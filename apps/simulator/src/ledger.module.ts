import { Controller, Get, Global, Module, Query } from '@nestjs/common';
import { Ledger, type Call } from './ledger.js';

@Controller('simulator')
class LedgerController {
  constructor(private readonly ledger: Ledger) {}

  @Get('calls')
  calls(@Query('provider') provider?: string, @Query('operation') operation?: string): Call[] {
    return this.ledger.list(provider, operation);
  }

  @Get('summary')
  summary(): ReturnType<Ledger['summary']> {
    return this.ledger.summary();
  }
}

@Global()
@Module({ controllers: [LedgerController], providers: [Ledger], exports: [Ledger] })
export class LedgerModule {}
