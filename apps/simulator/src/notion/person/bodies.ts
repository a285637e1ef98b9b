import { ROW_PROPERTY_NAMES, type RowProperty } from '#pipeline';
import { Type } from 'class-transformer';
import {
  ArrayNotEmpty,
  IsArray,
  IsBoolean,
  IsDateString,
  IsIn,
  IsNotEmpty,
  IsObject,
  IsOptional,
  IsString,
  IsUrl,
  Matches,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import type { RowInput } from './rows.js';

/** Who does it: the creator, unless somebody is named. */
export class PersonBody {
  @IsOptional()
  @IsString()
  id?: string;

  @IsOptional()
  @IsString()
  name?: string;
}

/** A video's row in plain words, as a person fills it in; `properties` for those of any other data source. */
export class RowBody {
  @IsOptional()
  @IsString()
  title?: string;

  @IsOptional()
  @IsString()
  channel?: string;

  @IsOptional()
  @IsString()
  topic?: string;

  @IsOptional()
  @IsString()
  story_direction?: string;

  @IsOptional()
  @IsString()
  priority?: string;

  @IsOptional()
  @IsString()
  publish_at?: string;

  @IsOptional()
  @IsString()
  status?: string;

  @IsOptional()
  @IsString()
  redo?: string;

  @IsOptional()
  @IsString()
  review_note?: string;

  @IsOptional()
  @IsString()
  thumbnail?: string;

  /** Plain values by the names of the properties. */
  @IsOptional()
  @IsObject()
  properties?: Record<string, unknown>;

  @IsOptional()
  @ValidateNested()
  @Type(() => PersonBody)
  person?: PersonBody;
}

export class NewRowBody extends RowBody {
  @IsOptional()
  @IsString()
  data_source_id?: string;

  /** What stands in the page. */
  @IsOptional()
  @IsString()
  body?: string;

  /** When it is said to have been made; empty: now. */
  @ValidateIf(({ made_at }: NewRowBody) => Boolean(made_at))
  @IsDateString()
  made_at?: string;
}

export class RowChangeBody extends RowBody {
  @IsOptional()
  @IsBoolean()
  in_trash?: boolean;

  /** Whether the connections see it. */
  @IsOptional()
  @IsBoolean()
  shared?: boolean;
}

export class RowsChangeBody extends RowChangeBody {
  @IsArray()
  @ArrayNotEmpty()
  @IsString({ each: true })
  ids: string[];
}

export class SharingBody {
  /** Whether the connections see it. */
  @IsBoolean()
  shared: boolean;
}

export class WebhookBody {
  @IsUrl({ require_tld: false })
  url: string;

  /** Given, the subscription counts as verified with it. */
  @IsOptional()
  @IsString()
  verification_token?: string;

  /** Left out: everything that happens to pages. */
  @IsOptional()
  @IsString({ each: true })
  event_types?: string[];
}

export class WebhookChangeBody {
  @IsOptional()
  @IsIn(['active', 'paused'])
  state?: 'active' | 'paused';

  @IsOptional()
  @IsString({ each: true })
  event_types?: string[];

  @IsOptional()
  @IsIn(['2022-06-28', '2025-09-03', '2026-03-11'])
  api_version?: string;
}

export class TokenBody {
  @IsString()
  @IsNotEmpty()
  verification_token: string;
}

export class AutomationBody {
  @IsUrl({ require_tld: false })
  url: string;

  /** The name of a header of one's own. */
  @Matches(/^[\w-]+$/)
  header: string;

  @IsString()
  value: string;

  @IsOptional()
  @IsString()
  data_source_id?: string;
}

export function inputOf(body: RowBody): RowInput {
  const given = ROW_PROPERTY_NAMES.flatMap((name) => {
    const value = (body as Partial<Record<RowProperty, unknown>>)[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { fields: Object.fromEntries(given), properties: body.properties ?? {} };
}
