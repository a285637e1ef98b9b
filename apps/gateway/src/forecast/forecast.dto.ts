import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsUUID } from 'class-validator';
import type { Outlook } from './forecasts.js';

export class AskForecast {
  @ApiPropertyOptional({ description: 'Only what this channel has; the lanes are those of all.', format: 'uuid' })
  @IsOptional()
  @IsUUID()
  channel_id?: string;
}

export class OutlookView {
  /** What is still to be paid; what is paid, or under way with a provider, is not in it. */
  @ApiProperty({ example: 6.59 })
  usd: number;

  /** When machines are done if no person is waited for. Left out: there is nothing to be done, or its channel is paused or has lost its file. */
  @ApiPropertyOptional({ format: 'date-time' })
  finishes_at: string | null;
}

class ChannelForecastView extends OutlookView {
  @ApiProperty({ format: 'uuid' })
  channel_id: string;

  /** Queued, in work, or waiting for a person. */
  @ApiProperty({ example: 60 })
  tasks: number;
}

class LaneForecastView {
  /** A provider, or a stage that makes its items itself. */
  @ApiProperty({ example: 'kie' })
  name: string;

  /** Items that are not ready, planned or not. */
  @ApiProperty({ example: 1_080 })
  waiting_items: number;

  /** How long they take one after the other (s). */
  @ApiProperty({ example: 172_800 })
  work_seconds: number;

  /** How many of them are made at once. */
  @ApiProperty({ example: 8 })
  at_once: number;

  /** When they are all made if they only wait for each other; left out: there are none. */
  @ApiPropertyOptional({ format: 'date-time' })
  finishes_at: string | null;
}

export class ForecastView extends OutlookView {
  /** What was counted then; at most a few seconds ago. */
  @ApiProperty({ format: 'date-time' })
  measured_at: string;

  /** Queued, in work, or waiting for a person. */
  @ApiProperty({ example: 60 })
  tasks: number;

  /** Those that have something queued or in work. */
  @ApiProperty({ type: [ChannelForecastView] })
  channels: ChannelForecastView[];

  /** The one that finishes last is what everything waits for. */
  @ApiProperty({ type: [LaneForecastView] })
  lanes: LaneForecastView[];
}

/** To the cent, which is finer than anybody can know it. */
export function outlookView({ usd, finishesAt }: Outlook): { [K in keyof OutlookView]: OutlookView[K] } {
  return { usd: Math.round(usd * 100) / 100, finishes_at: finishesAt?.toISOString() ?? null };
}
