import { Database } from '#database';
import { HOUSEKEEPING_QUEUE } from '#pipeline';
import { InjectQueue } from '@nestjs/bullmq';
import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Queue } from 'bullmq';
import { ApiError } from '../http/api-error.js';

/** An engine that takes longer is as good as away (ms). */
const PATIENCE_MS = 2_000;

@ApiTags('health')
@Controller()
export class HealthController {
  constructor(
    private readonly database: Database,
    @InjectQueue(HOUSEKEEPING_QUEUE) private readonly queue: Queue,
  ) {}

  @Get('health')
  @ApiOperation({ summary: 'Whether the process is alive' })
  health(): { status: string } {
    return { status: 'ok' };
  }

  @Get('ready')
  @ApiOperation({ summary: 'Whether Postgres and Redis answer' })
  async ready(): Promise<{ postgres: string; redis: string }> {
    const [postgres, redis] = await Promise.all([answers(this.database.ping()), answers(this.queue.getJobCountByTypes('active'))]);
    const away = [...(postgres ? [] : ['Postgres']), ...(redis ? [] : ['Redis'])];
    if (away.length > 0) throw new ApiError(503, 'NOT_READY', `${away.join(' and ')} does not answer.`);
    return { postgres: 'ok', redis: 'ok' };
  }
}

async function answers(question: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => {
      resolve(false);
    }, PATIENCE_MS);
  });
  const answered = question.then(
    () => true,
    () => false,
  );
  return Promise.race([answered, late]).finally(() => {
    clearTimeout(timer);
  });
}
