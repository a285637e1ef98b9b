import { Injectable } from '@nestjs/common';

/** How this workspace is, and what goes wrong with it. */
export class NotionSettings {
  /** Rows that one query yields at most, however it is paged. */
  query_limit = 10_000;
  /** Whether times are told to the minute, as Notion does. */
  minute_times = true;
  plan: 'paid' | 'free' = 'paid';
  /** Blocks that the workspace may have had in its life; null: any number. */
  block_limit: number | null = null;
  /** How many simulated seconds pass in a real one: for files that expire. */
  clock = 1;
  /** Share of the events that are never delivered. */
  drop = 0;
  /** Share of the events that are delivered twice. */
  duplicate = 0;
}

@Injectable()
export class Settings {
  current = new NotionSettings();
}
