import { Body, Controller, Delete, Get, Global, HttpCode, Module, Put } from '@nestjs/common';
import { WireError, text } from '../answer.js';
import { Scenarios } from './scenarios.js';

/** `PUT {"operation":"image","answer":"blocked_prompt","times":1,"contains":"whale"}`; `GET` names every answer that can be ordered. */
@Controller('simulator/scenarios')
class ScenariosController {
  constructor(private readonly scenarios: Scenarios) {}

  @Get()
  list(): object {
    return this.scenarios.list();
  }

  @Put()
  order(@Body() body: unknown): object {
    const { times = 1 } = body as { times?: unknown };
    if (typeof times !== 'number' || times < 1) throw new WireError(400, { message: 'times must be a number from 1' });
    this.scenarios.order({ operation: text(body, 'operation'), answer: text(body, 'answer'), contains: text(body, 'contains'), times });
    return this.scenarios.list();
  }

  @Delete()
  @HttpCode(204)
  clear(): void {
    this.scenarios.clear();
  }
}

@Global()
@Module({ controllers: [ScenariosController], providers: [Scenarios], exports: [Scenarios] })
export class ScenariosModule {}
