import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROW_PROPERTY_NAMES, describeProblems, parse, type PropertyNames } from '#pipeline';
import { Type } from 'class-transformer';
import {
  IsArray,
  IsBoolean,
  IsDefined,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsNumber,
  IsOptional,
  IsString,
  Matches,
  Max,
  Min,
  ValidateBy,
  ValidateNested,
  isObject,
} from 'class-validator';
import { parse as parseYaml } from 'yaml';
import { SettingsError } from './settings.js';

export const PRIVACIES = ['private', 'unlisted', 'public'] as const;
export type Privacy = (typeof PRIVACIES)[number];

function IsPropertyNames(): PropertyDecorator {
  const known = ROW_PROPERTY_NAMES.join(', ');
  return ValidateBy({
    name: 'isPropertyNames',
    validator: {
      validate: (value) =>
        isObject<Record<string, unknown>>(value) &&
        Object.entries(value).every(
          ([property, name]) => ROW_PROPERTY_NAMES.some((one) => one === property) && typeof name === 'string' && name !== '',
        ),
      defaultMessage: () => `properties must give names (text) to some of: ${known}`,
    },
  });
}

/** How a channel's videos are published. */
export class ChannelYouTube {
  /** The YouTube channel that videos go to, `UC...`; a grant for any other is refused. */
  @Matches(/^UC[\w-]{22}$/, { message: 'channel_id must be a YouTube channel id: UC and 22 more characters' })
  channel_id: string;

  @IsIn(PRIVACIES)
  privacy: Privacy;

  /** YouTube's category number, as text: "28" is Science & Technology. */
  @Matches(/^\d+$/, { message: 'category_id must be a number in quotes' })
  category_id: string;

  /** Required by law, so there is no default. */
  @IsBoolean()
  made_for_kids: boolean;

  /** Whether realistic scenes are synthetic; YouTube wants an answer, so there is no default. */
  @IsBoolean()
  synthetic_media: boolean;
}

/** How a word is to be said. */
export class ChannelPronunciation {
  @Matches(/^\S+$/, { message: 'word must be one word' })
  word: string;

  /** Written so that any voice says it right: `kuh-THOO-loo`. */
  @IsString()
  @IsNotEmpty()
  say: string;
}

/** What a channel may spend. */
export class ChannelBudget {
  /** A video whose storyboard comes to more is stopped before its images are paid for (USD). */
  @IsNumber({ allowInfinity: false, allowNaN: false })
  @Min(0)
  video_usd: number;
}

/** Where a channel's rows stand, if not among those of all channels. */
export class ChannelNotion {
  /** Notion data source of this channel alone: its rows need no Channel property. */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  data_source_id?: string;

  /** What the rows' properties are called there, where that is not their usual name: `title: Video`. */
  @IsOptional()
  @IsPropertyNames()
  properties?: Partial<PropertyNames>;
}

/** How a reviewer is shown files: uploaded to the row's page, or as links to the gateway (PUBLIC_URL). */
export const STORAGES = ['notion', 'local'] as const;
export type Storage = (typeof STORAGES)[number];

/** A channel file, `channels/<key>.yaml`. */
export class ChannelSettings {
  @IsString()
  @IsNotEmpty()
  name: string;

  /** Language of narration and metadata: `en`, `de`. */
  @Matches(/^[a-z]{2}$/, { message: 'language must be two lower-case letters, such as en' })
  language: string;

  /** ElevenLabs voice. */
  @IsString()
  @IsNotEmpty()
  voice_id: string;

  /** Words that the voice would say wrong. */
  @IsOptional()
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => ChannelPronunciation)
  pronunciations?: ChannelPronunciation[];

  /** How every picture of the channel looks. */
  @IsString()
  @IsNotEmpty()
  style: string;

  /** What every story of the channel feels like. */
  @IsString()
  @IsNotEmpty()
  atmosphere: string;

  /** Scenes that the writer is asked for. */
  @IsInt()
  @Min(1)
  @Max(60)
  scenes: number;

  @IsOptional()
  @ValidateNested()
  @Type(() => ChannelBudget)
  budget?: ChannelBudget;

  @IsOptional()
  @ValidateNested()
  @Type(() => ChannelNotion)
  notion?: ChannelNotion;

  /** Left out: `notion`. */
  @IsOptional()
  @IsIn(STORAGES)
  storage?: Storage;

  @IsDefined()
  @ValidateNested()
  @Type(() => ChannelYouTube)
  youtube: ChannelYouTube;
}

/** A channel's key (its file's name) and what its file says. */
export interface Channel {
  key: string;
  settings: ChannelSettings;
}

/**
 * Every `*.yaml` of a folder.
 * @throws SettingsError naming every wrong file and key; one bad file does not hide another's mistakes
 */
export async function readChannels(folder: string): Promise<Channel[]> {
  const files = await readdir(folder).catch(() => {
    throw new SettingsError([`CHANNELS_DIR: the folder ${folder} cannot be read`]);
  });
  const problems: string[] = [];
  const channels: Channel[] = [];
  for (const file of files.filter((name) => /\.ya?ml$/.test(name)).sort()) {
    const key = file.replace(/\.ya?ml$/, '');
    let data: unknown;
    try {
      data = parseYaml(await readFile(join(folder, file), 'utf8'));
    } catch (error) {
      problems.push(`${file}: is not valid YAML: ${error instanceof Error ? error.message : String(error)}`);
      continue;
    }
    const parsed = parse(ChannelSettings, data, { forbidNonWhitelisted: true });
    if (parsed.ok) channels.push({ key, settings: parsed.value });
    else problems.push(`${file}: ${describeProblems(parsed.problems)}`);
  }
  if (problems.length > 0) throw new SettingsError(problems);
  return channels;
}
