import { IsMoment } from '#pipeline';
import { Injectable } from '@nestjs/common';
import { Type } from 'class-transformer';
import {
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  IsPositive,
  IsString,
  Min,
  ValidateBy,
  ValidateNested,
  type ValidationArguments,
} from 'class-validator';
import { AreShares, IsShare } from '../control-body.js';
import { FollowedSettings } from '../followed-settings.js';
import { ANSWERS, suits, type Answer } from './edge/answers.js';
import { CALLS, type Call } from './edge/calls.js';
import { SCOPES, type Scope } from './oauth/scopes.js';

const PRIVACIES = ['private', 'unlisted', 'public'] as const;
export type Privacy = (typeof PRIVACIES)[number];

/** What can become of a video, and why; the first reason is the usual one. */
const REASONS = {
  processed: [],
  failed: ['conversion', 'codec', 'emptyFile', 'invalidFile', 'tooSmall', 'uploadAborted'],
  rejected: [
    'inappropriate',
    'claim',
    'copyright',
    'duplicate',
    'legal',
    'length',
    'termsOfUse',
    'trademark',
    'uploaderAccountClosed',
    'uploaderAccountSuspended',
  ],
} as const;
const OUTCOMES = ['processed', 'failed', 'rejected'] as const;
type Outcome = (typeof OUTCOMES)[number];

function reasonsFor(outcome: Outcome): readonly string[] {
  return REASONS[outcome];
}

/** Checks a field together with the object that it stands in. */
function FitsIn(name: string, fits: (whole: object) => boolean, message: string): PropertyDecorator {
  return ValidateBy({
    name,
    validator: {
      validate: (_: unknown, context?: ValidationArguments) => context !== undefined && fits(context.object),
      defaultMessage: () => message,
    },
  });
}

/** When it is for the simulated Google. */
class ClockSettings {
  /** The moment from which on time passes; left out: the real one. */
  @IsOptional()
  @IsMoment()
  now?: string;

  /** Simulated seconds in a real one; 0 stops the time. */
  @IsNumber()
  @Min(0)
  speed = 1;
}

/** What the next calls of a kind are answered. */
export class NextAnswer {
  @IsIn(CALLS)
  on: Call;

  @IsIn(ANSWERS)
  @FitsIn('suits', (whole) => whole instanceof NextAnswer && suits(whole.answer, whole.on), 'answer is none that this call can get')
  answer: Answer;

  /** Only for the chunk in which the file's so many-th byte comes; what happens then, `answer` says. Left out: any chunk, as a whole. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @FitsIn(
    'isOfChunk',
    (whole) => whole instanceof NextAnswer && whole.on === 'chunk' && ['cut_before', 'cut_after', 'keep_less'].includes(whole.answer),
    'at_byte is only for chunks that are cut or kept less of',
  )
  at_byte?: number;

  /** Only calls of this channel; left out: of any. */
  @IsOptional()
  @IsString()
  channel_id?: string;

  @IsInt()
  @IsPositive()
  times = 1;
}

/** How Google and YouTube are, and what goes wrong with them. Shares are from 0 to 1; seconds pass on the simulated clock. */
export class YouTubeSettings {
  /** The same seed lets the same things go wrong. */
  @IsInt()
  seed = 0;

  @ValidateNested()
  @Type(() => ClockSettings)
  clock: ClockSettings = new ClockSettings();

  /** Uploads that the project may begin in a day of Pacific time; null: any number. */
  @IsOptional()
  @IsInt()
  @Min(0)
  uploads_a_day: number | null = 100;

  /** Units that all other calls of the project may cost in a day of Pacific time; null: any number. */
  @IsOptional()
  @IsInt()
  @Min(0)
  units_a_day: number | null = 10_000;

  /** Videos that one channel may get in any 24 hours; null: any number. */
  @IsOptional()
  @IsInt()
  @Min(0)
  channel_uploads_a_day: number | null = null;

  /** How long an upload session lives (s). */
  @IsPositive()
  session_seconds = 7 * 86_400;

  /** Share of the chunks of which only a multiple of 256 KiB is kept that is left to chance, perhaps nothing. */
  @IsShare()
  keep = 0;

  /** Shares of all calls that are answered otherwise: `{"unavailable":0.1}`. Where an answer does not suit, the call is served. */
  @AreShares(ANSWERS)
  answers: Partial<Record<Answer, number>> = {};

  /** What comes first, before `answers` and `keep`. */
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => NextAnswer)
  next: NextAnswer[] = [];

  /** The status with which a finished upload is answered. */
  @IsIn([200, 201])
  completion_status: 200 | 201 = 201;

  /** How long a video that comes from now on is processed (s). */
  @Min(0)
  processing_seconds = 0;

  /** What then becomes of it. */
  @IsIn(OUTCOMES)
  outcome: Outcome = 'processed';

  /** Why it failed or was rejected; left out: the usual reason. */
  @IsOptional()
  @FitsIn(
    'isReason',
    (whole) => whole instanceof YouTubeSettings && reasonsFor(whole.outcome).some((reason) => reason === whole.reason),
    `reason must fit the outcome; failed: ${REASONS.failed.join(', ')}; rejected: ${REASONS.rejected.join(', ')}`,
  )
  reason?: string;

  /** Whether a file that its channel already has is rejected in the end. */
  @IsBoolean()
  reject_duplicates = false;

  /** Whether videos that come from now on stay private for good, as those of unverified projects did until November 2026. */
  @IsBoolean()
  lock_private = false;

  /** The privacy that is told of every video, whatever it has; null: the true one. */
  @IsOptional()
  @IsIn(PRIVACIES)
  privacy_shown: Privacy | null = null;

  /** Whether channels have the right to thumbnails of their own. */
  @IsBoolean()
  thumbnails_allowed = true;

  /** Whether the videos are Shorts, which get a thumbnail only when they have been processed. */
  @IsBoolean()
  shorts = false;

  /** How long an access token that is issued from now on is good (s). */
  @IsInt()
  @IsPositive()
  token_seconds = 3_599;

  /** Whether the consent page is of an app in "Testing": what is granted from now on dies after 7 days. */
  @IsBoolean()
  testing = false;

  /** Scopes that people untick on the consent page. */
  @ArrayUnique()
  @IsIn(SCOPES, { each: true })
  untick: Scope[] = [];

  /** How long it takes until a new video is listed in its channel's uploads (s). */
  @Min(0)
  listing_lag_seconds = 0;
}

/** What becomes of a video that comes now. */
export function fateOf({ outcome, reason }: YouTubeSettings): { outcome: Outcome; reason: string | null } {
  return { outcome, reason: reason ?? reasonsFor(outcome)[0] ?? null };
}
export type Fate = ReturnType<typeof fateOf>;

@Injectable()
export class Settings extends FollowedSettings<YouTubeSettings> {
  constructor() {
    super(new YouTubeSettings());
  }
}
