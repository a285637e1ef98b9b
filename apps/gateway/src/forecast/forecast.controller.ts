import { Database } from '#database';
import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { channelNotFound } from '../channels/channel.dto.js';
import { ErrorBody } from '../http/api-error.js';
import { AskForecast, ForecastView, outlookView } from './forecast.dto.js';
import { Forecasts, type Forecast } from './forecasts.js';

@ApiTags('forecast')
@ApiBearerAuth()
@ApiResponse({ status: '4XX', type: ErrorBody })
@Controller('api/v1/forecast')
export class ForecastController {
  constructor(
    private readonly database: Database,
    private readonly forecasts: Forecasts,
  ) {}

  @Get()
  @ApiOperation({ summary: 'What everything that is queued or in work will still cost, and when machines will be done with it' })
  @ApiOkResponse({ type: ForecastView })
  async get(@Query() { channel_id }: AskForecast): Promise<ForecastView> {
    if (channel_id && !(await this.database.channels.find(channel_id))) throw channelNotFound();
    const forecast = await this.forecasts.whole();
    return forecastView(channel_id ? ofChannel(forecast, channel_id) : forecast);
  }
}

function ofChannel({ measuredAt, channels, lanes }: Forecast, channelId: string): Forecast {
  const own = channels.find((channel) => channel.channelId === channelId);
  const { tasks, usd, finishesAt } = own ?? { tasks: 0, usd: 0, finishesAt: null };
  return { measuredAt, tasks, usd, finishesAt, channels: own ? [own] : [], lanes };
}

function forecastView(forecast: Forecast): ForecastView {
  const { measuredAt, tasks, channels, lanes } = forecast;
  return {
    measured_at: measuredAt.toISOString(),
    tasks,
    ...outlookView(forecast),
    channels: channels.map((channel) => ({ channel_id: channel.channelId, tasks: channel.tasks, ...outlookView(channel) })),
    lanes: lanes.map(({ name, items, workMs, places, finishMs }) => ({
      name,
      waiting_items: items,
      work_seconds: Math.round(workMs / 1_000),
      at_once: places,
      finishes_at: items === 0 ? null : new Date(measuredAt.getTime() + finishMs).toISOString(),
    })),
  };
}
