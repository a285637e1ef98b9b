import { Controller, Get, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Metrics } from './metrics.js';

@ApiTags('health')
@ApiBearerAuth()
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

  @Get()
  @ApiOperation({ summary: 'The figures of the house, as Prometheus reads them' })
  @ApiProduces('text/plain')
  @ApiOkResponse({ type: String })
  async read(@Res() response: Response): Promise<void> {
    response.set('content-type', this.metrics.contentType).send(await this.metrics.text());
  }
}
