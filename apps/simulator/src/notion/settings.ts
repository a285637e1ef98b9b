import { Injectable } from '@nestjs/common';
import { Type } from 'class-transformer';
import { ArrayUnique, IsArray, IsBoolean, IsIn, IsInt, IsOptional, IsPositive, IsString, Min, ValidateNested } from 'class-validator';
import { AreShares, IsShare } from '../control-body.js';
import { FollowedSettings } from '../followed-settings.js';

/** Answers other than the right one. */
const ANSWERS = [
  'rate_limited',
  /** A 429 after which nothing helps. */
  'request_blocked',
  'service_overload',
  /** What stands before Notion turns the request away, in HTML. */
  'blocked_at_the_edge',
  'conflict_error',
  'internal_server_error',
  'bad_gateway',
  'service_unavailable',
  /** A 503 for what was saved. Only for requests that write; others are served. */
  'saved_but_unavailable',
  'gateway_timeout',
  /** The right answer, after `slow_ms`. What is written is there at once. */
  'slow',
  /** Pages without their properties. */
  'partial',
] as const;
export type Answer = (typeof ANSWERS)[number];

const CAPABILITIES = ['read', 'update', 'insert'] as const;
export type Capability = (typeof CAPABILITIES)[number];

/** How many requests Notion takes in a window that slides. */
class RateSettings {
  /** From one connection. */
  @IsInt()
  @IsPositive()
  requests = 180;

  /** From all connections together; null: any number. */
  @IsOptional()
  @IsInt()
  @IsPositive()
  workspace_requests: number | null = null;

  /** The window (ms). */
  @IsInt()
  @IsPositive()
  window_ms = 60_000;
}

/** What the next requests of a kind are answered. */
export class NextAnswer {
  @IsIn(ANSWERS)
  answer: Answer;

  /** Only requests with this method; left out: any. */
  @IsOptional()
  @IsString()
  method?: string;

  /** Only requests whose path holds this: `/pages`; left out: any. */
  @IsOptional()
  @IsString()
  path?: string;

  @IsInt()
  @IsPositive()
  times = 1;
}

/** How this workspace is, and what goes wrong with it. Shares are from 0 to 1. */
export class NotionSettings {
  /** The same seed lets the same things go wrong. */
  @IsInt()
  seed = 0;

  /** Rows that one query yields at most, however it is paged. */
  @IsInt()
  @IsPositive()
  query_limit = 10_000;

  /** Whether times are told to the minute, as Notion does. */
  @IsBoolean()
  minute_times = true;

  /** A free workspace takes smaller files. */
  @IsIn(['paid', 'free'])
  plan: 'paid' | 'free' = 'paid';

  /** Blocks that the workspace may have had in its life before the API takes no more; null: any number. */
  @IsOptional()
  @IsInt()
  @Min(0)
  block_limit: number | null = null;

  /** What the connections may do. */
  @ArrayUnique()
  @IsIn(CAPABILITIES, { each: true })
  capabilities: Capability[] = [...CAPABILITIES];

  /** How many simulated seconds pass in a real one: for files that expire. */
  @IsPositive()
  clock = 1;

  /** Null: any number of requests. */
  @IsOptional()
  @ValidateNested()
  @Type(() => RateSettings)
  rate: RateSettings | null = null;

  /** Shares of the requests that are answered otherwise: `{"service_overload":0.1}`. */
  @AreShares(ANSWERS)
  answers: Partial<Record<Answer, number>> = {};

  /** What comes first, before `answers`. */
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => NextAnswer)
  next: NextAnswer[] = [];

  /** How long a slow answer takes (ms). */
  @IsInt()
  @Min(0)
  slow_ms = 61_000;

  /** Changes of a kind to the same page in this time are told in one event (ms). */
  @IsInt()
  @Min(0)
  aggregation_ms = 0;

  /** Share of the events that are never delivered. */
  @IsShare()
  drop = 0;

  /** Share of the events that are delivered twice. */
  @IsShare()
  duplicate = 0;

  /** How long every event takes (ms). */
  @IsInt()
  @Min(0)
  delay_ms = 0;

  /** How much longer an event may take, by chance, so that they come in another order (ms). */
  @IsInt()
  @Min(0)
  reorder_ms = 0;

  /** Share of the events that somebody forges a copy of: with another id and a wrong signature. */
  @IsShare()
  bad_signature = 0;

  /** Share of the events after which an old one comes once more, byte for byte. */
  @IsShare()
  replay = 0;

  /** Share of the events after which one comes of a type that nobody knows. */
  @IsShare()
  unknown_type = 0;

  /** Share of the events that do not say in which data source their page is. */
  @IsShare()
  no_data_source = 0;

  /** Share of the events after which the same comes with the connection itself as the author. */
  @IsShare()
  own_bot = 0;

  /** How long Notion waits before an event that was not taken is sent again (ms); twice as long each time. */
  @IsInt()
  @Min(1)
  redelivery_ms = 200;

  /** Whether an event that is sent again has the id that it had. */
  @IsBoolean()
  same_id_again = true;
}

@Injectable()
export class Settings extends FollowedSettings<NotionSettings> {
  constructor() {
    super(new NotionSettings());
  }
}
