import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CAPTION_POSITIONS,
  CORNERS,
  FITS,
  IsCaptionSize,
  IsFontFamily,
  IsHexColor,
  IsOpacity,
  IsWatermarkWidth,
  ROW_PROPERTY_NAMES,
  SHAPES,
  TITLE_POSITIONS,
  describeProblems,
  parse,
  withoutNulls,
  type CaptionPosition,
  type Corner,
  type Fit,
  type PropertyNames,
  type Shape,
  type TitlePosition,
} from '#pipeline';
import { PORTS, choices, type ProviderName } from '#providers/registry';
import { Type } from 'class-transformer';
import {
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsDefined,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsNumber,
  IsOptional,
  IsString,
  IsTimeZone,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateBy,
  ValidateNested,
  isInt,
  isObject,
} from 'class-validator';
import { CronExpressionParser } from 'cron-parser';
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

/** Providers whose work at once is counted, which the ones that only host pictures' is not. */
const COUNTED_PROVIDERS: readonly ProviderName[] = [...new Set(PORTS.flatMap(choices))];

function IsProviderCaps(): PropertyDecorator {
  return ValidateBy({
    name: 'isProviderCaps',
    validator: {
      validate: (value) =>
        isObject<Record<string, unknown>>(value) &&
        Object.entries(value).every(([name, cap]) => COUNTED_PROVIDERS.some((one) => one === name) && isInt(cap) && (cap as number) >= 1),
      defaultMessage: () => `provider_caps must give whole numbers from 1 to some of: ${COUNTED_PROVIDERS.join(', ')}`,
    },
  });
}

/** `fri 18:00`, `weekdays 09:30`: days as a schedule names them, and the hour. */
const SLOT = /^(daily|weekdays|mon|tue|wed|thu|fri|sat|sun) ([01]\d|2[0-3]):([0-5]\d)$/;
const SLOT_DAYS: Readonly<Record<string, string>> = { daily: '*', weekdays: '1-5' };

/** The moments at which a channel's videos appear, one at each; YouTube makes them public by itself. */
export class ChannelSchedule {
  /** IANA name: `Europe/Berlin`. */
  @IsTimeZone({ message: 'time_zone must be a time zone such as Europe/Berlin' })
  time_zone: string;

  @IsArray()
  @ArrayMinSize(1)
  @ArrayUnique()
  @Matches(SLOT, { each: true, message: 'times must look like "fri 18:00", "weekdays 09:30" or "daily 18:00"' })
  times: string[];
}

/** The moments of a schedule after another one, in order, without an end. */
export function* slotsAfter({ time_zone, times }: ChannelSchedule, after: Date): Generator<Date, never> {
  const clocks = times.map((time) => {
    const [, days = '', hour, minute] = SLOT.exec(time) ?? [];
    const cron = `${Number(minute)} ${Number(hour)} * * ${SLOT_DAYS[days] ?? days}`;
    return CronExpressionParser.parse(cron, { tz: time_zone, currentDate: after });
  });
  const next = clocks.map((clock) => clock.next().toDate());
  for (;;) {
    const first = new Date(Math.min(...next.map((moment) => moment.getTime())));
    yield first;
    next.forEach((moment, index) => {
      if (moment.getTime() === first.getTime()) next[index] = clocks[index]?.next().toDate() ?? first;
    });
  }
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

  /** What stands under every description: sources, licences, links. */
  @IsOptional()
  @IsString()
  @MaxLength(2_000)
  @Matches(/^[^<>]*$/, { message: 'credits must not contain < or >' })
  credits?: string;

  /** The playlist that every video is added to. */
  @IsOptional()
  @Matches(/^[\w-]{10,64}$/, { message: 'playlist_id must be the id of a playlist, such as PL and 32 more characters' })
  playlist_id?: string;

  /** When videos appear, if they are public. Left out: as soon as they are approved and whole. */
  @IsOptional()
  @ValidateBy({
    name: 'isOfPublicVideos',
    validator: {
      validate: (_schedule, { object } = {} as never) => (object as ChannelYouTube).privacy === 'public',
      defaultMessage: () => 'schedule makes videos public, so privacy must be public',
    },
  })
  @ValidateNested()
  @Type(() => ChannelSchedule)
  schedule?: ChannelSchedule;
}

/** How the thumbnails of a channel look; what is left out is as it looks best. */
export class ChannelThumbnail {
  /** What is written on them. Left out: `title`. */
  @IsOptional()
  @IsIn(['title', 'none'])
  text?: 'title' | 'none';

  /** Left out: true. */
  @IsOptional()
  @IsBoolean()
  uppercase?: boolean;

  /** Left out: white. */
  @IsOptional()
  @IsHexColor()
  text_color?: string;

  /** Left out: black. */
  @IsOptional()
  @IsHexColor()
  outline_color?: string;

  /** Left out: `bottom`. */
  @IsOptional()
  @IsIn(TITLE_POSITIONS)
  position?: TitlePosition;

  /** A font that is installed where the assembly runs. */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  font?: string;
}

/** A file of BRAND_DIR: a name, or a path inside of it. */
const BRAND_FILE = /^(?!.*(^|\/)\.)[^/\\][^\\]*$/s;
const isBrandFile = (key: string) => ({ message: `${key} must be a file of BRAND_DIR, such as ocean/intro.mp4` });

/** A picture that lies over every scene. */
export class ChannelWatermark {
  @Matches(BRAND_FILE, isBrandFile('file'))
  file: string;

  /** Left out: `top_right`. */
  @IsOptional()
  @IsIn(CORNERS)
  corner?: Corner;

  /** Its width as a part of the picture's. Left out: 0.1. */
  @IsOptional()
  @IsWatermarkWidth()
  width?: number;

  /** 1 hides what is below it. Left out: 0.7. */
  @IsOptional()
  @IsOpacity()
  opacity?: number;
}

/** How captions look that are part of the picture. */
export class ChannelCaptions {
  /** A family of fonts that is installed where the assembly runs. Left out: the one that comes with the product. */
  @IsOptional()
  @IsFontFamily()
  font?: string;

  /** Height of the line as a part of the picture's shorter side. Left out: 0.08. */
  @IsOptional()
  @IsCaptionSize()
  size?: number;

  /** Left out: white. */
  @IsOptional()
  @IsHexColor()
  color?: string;

  /** Of the word that is being said. Left out: yellow. */
  @IsOptional()
  @IsHexColor()
  highlight?: string;

  /** Left out: black. */
  @IsOptional()
  @IsHexColor()
  outline?: string;

  /** Left out: `bottom`. */
  @IsOptional()
  @IsIn(CAPTION_POSITIONS)
  position?: CaptionPosition;
}

/** How the videos of a channel are cut; what is left out is as it is usual. */
export class ChannelCut {
  /** Left out: `landscape`. Upright videos of at most three minutes are Shorts. */
  @IsOptional()
  @IsIn(Object.keys(SHAPES))
  shape?: Shape;

  /** How pictures of another shape are brought into it. Left out: `fill`. */
  @IsOptional()
  @IsIn(FITS)
  fit?: Fit;

  /** What is seen after a narration before the next scene begins. Left out: 0.4. */
  @IsOptional()
  @IsNumber({ allowInfinity: false, allowNaN: false })
  @Min(0)
  @Max(5)
  breath_seconds?: number;

  /** Left out: hard cuts. */
  @IsOptional()
  @IsNumber({ allowInfinity: false, allowNaN: false })
  @Min(0)
  @Max(2)
  crossfade_seconds?: number;

  @IsOptional()
  @Matches(BRAND_FILE, isBrandFile('intro'))
  intro?: string;

  @IsOptional()
  @Matches(BRAND_FILE, isBrandFile('outro'))
  outro?: string;

  @IsOptional()
  @ValidateNested()
  @Type(() => ChannelWatermark)
  watermark?: ChannelWatermark;

  /** Each video gets one of them. */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @Matches(BRAND_FILE, { each: true, ...isBrandFile('music') })
  music?: string[];

  @IsOptional()
  @ValidateNested()
  @Type(() => ChannelCaptions)
  captions?: ChannelCaptions;
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

/** What a channel may spend; what is left out has no limit. */
export class ChannelBudget {
  /** What one video may cost (USD). One whose storyboard comes to more is stopped before its images are paid for; one that has come so far waits. */
  @IsOptional()
  @IsNumber({ allowInfinity: false, allowNaN: false })
  @Min(0)
  video_usd?: number;

  /** What all videos of the channel may cost in a day of UTC (USD); the rest waits for the next. */
  @IsOptional()
  @IsNumber({ allowInfinity: false, allowNaN: false })
  @Min(0)
  day_usd?: number;
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
const STORAGES = ['notion', 'local'] as const;
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

  /** Videos of the channel that are in work at once; left out, only TASKS_IN_WORK counts. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(10_000)
  tasks_in_work?: number;

  /** Its share of the providers while others want them, too: a channel of 2 gets twice as much as one of 1. Left out: 1. */
  @IsOptional()
  @IsNumber({ allowInfinity: false, allowNaN: false })
  @Min(0.01)
  @Max(100)
  weight?: number;

  /** Requests and jobs of the channel that a provider may be at work on at once, by the provider's name; left out, only its own limit counts. */
  @IsOptional()
  @IsProviderCaps()
  provider_caps?: Partial<Record<ProviderName, number>>;

  /** Whether narrations and sound effects are made while clips are, or while somebody looks at them, once the images are approved. Left out: not. */
  @IsOptional()
  @IsBoolean()
  run_ahead?: boolean;

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

  @IsOptional()
  @ValidateNested()
  @Type(() => ChannelThumbnail)
  thumbnail?: ChannelThumbnail;

  @IsOptional()
  @ValidateNested()
  @Type(() => ChannelCut)
  cut?: ChannelCut;

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

/** A file that describes a channel. */
export interface GoodChannelFile extends Channel {
  file: string;
}

/** A file with mistakes, named by key. */
export interface BrokenChannelFile {
  file: string;
  key: string;
  problem: string;
}

export type ChannelFile = GoodChannelFile | BrokenChannelFile;

/**
 * Every `*.yaml` of a folder, in the order of their names; hidden files are editors'.
 * @param brand the folder of what channels put into their videos; left out, nobody looks whether it is there
 * @param stored what a channel whose file cannot be read goes by meanwhile: nobody else can have its name
 * @throws SettingsError when the folder cannot be read
 */
export async function inspectChannels(folder: string, brand?: string, stored: readonly Channel[] = []): Promise<ChannelFile[]> {
  const names = await readdir(folder).catch(() => {
    throw new SettingsError([`CHANNELS_DIR: the folder ${folder} cannot be read`]);
  });
  const found = names.filter((name) => /^[^.].*\.ya?ml$/.test(name)).sort();
  const files = await Promise.all(found.map((file) => inspect(folder, file, brand)));
  const called = files.map((read) => ({ ...read, names: namesOf(read, stored) }));
  return called.map(({ names: own, ...read }) => {
    const other = called.find(({ file, names }) => file !== read.file && names.some((name) => own.includes(name)));
    if (!other || 'problem' in read) return read;
    const shared = own.find((name) => other.names.includes(name)) ?? '';
    return { file: read.file, key: read.key, problem: `name: "${shared}" is what ${other.file} is called, too; a row could mean either` };
  });
}

/**
 * Every channel of a folder.
 * @param brand as `inspectChannels`
 * @throws SettingsError naming every wrong file and key; one bad file does not hide another's mistakes
 */
export async function readChannels(folder: string, brand?: string): Promise<GoodChannelFile[]> {
  const files = await inspectChannels(folder, brand);
  const problems = files.flatMap((read) => ('problem' in read ? [`${read.file}: ${read.problem}`] : []));
  if (problems.length > 0) throw new SettingsError(problems);
  return files.filter((read) => 'settings' in read);
}

async function inspect(folder: string, file: string, brand?: string): Promise<ChannelFile> {
  const key = file.replace(/\.ya?ml$/, '');
  let text: string;
  let data: unknown;
  try {
    text = await readFile(join(folder, file), 'utf8');
  } catch (error) {
    return { file, key, problem: `cannot be read: ${messageOf(error)}` };
  }
  try {
    data = parseYaml(text);
  } catch (error) {
    return { file, key, problem: `is not valid YAML: ${messageOf(error)}` };
  }
  const parsed = parse(ChannelSettings, withoutNulls(data), { forbidNonWhitelisted: true });
  if (!parsed.ok) return { file, key, problem: describeProblems(parsed.problems) };
  // Found now, and not after everything else of a video was paid for.
  const missing = brand === undefined ? [] : await missingBrandFiles(parsed.value, brand);
  return missing.length > 0 ? { file, key, problem: missing.join('; ') } : { file, key, settings: parsed.value };
}

/** What a channel puts into its videos and is not in the folder of the brand, each in a sentence. */
export async function missingBrandFiles({ cut = {} }: Pick<ChannelSettings, 'cut'>, brand: string): Promise<string[]> {
  const { intro, outro, watermark, music } = cut;
  const named = Object.entries({ intro, outro, 'watermark.file': watermark?.file, music });
  const files = named.flatMap(([key, value]) => [value ?? []].flat().map((name) => ({ key, name })));
  const problems = files.map(async ({ key, name }) => {
    const found = await stat(join(brand, name)).catch(() => null);
    return found?.isFile() ? [] : [`cut.${key}: there is no file ${name} in BRAND_DIR (${brand})`];
  });
  return (await Promise.all(problems)).flat();
}

/** What people may call a channel, whatever the case. */
function namesOf(read: ChannelFile, stored: readonly Channel[]): string[] {
  const settings = 'settings' in read ? read.settings : stored.find(({ key }) => key === read.key)?.settings;
  return [read.key, ...(settings ? [settings.name] : [])].map((name) => name.trim().toLowerCase());
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
