import { IsMoment, LONGEST_OWN_SCRIPT, LONGEST_TITLE, PRIORITIES, THUMBNAIL_CANDIDATES, type Priority } from '#pipeline';
import { ApiProperty, ApiPropertyOptional, PartialType, PickType } from '@nestjs/swagger';
import { IsIn, IsInt, IsNotEmpty, IsOptional, IsString, Matches, Max, MaxLength, Min, ValidateIf } from 'class-validator';

/** 1 to 200 visible ASCII characters. */
export const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,200}$/;

export class CreateTask {
  @ApiProperty({ description: 'The channel, by its key or its name.', example: 'deep_sea' })
  @IsString()
  @IsNotEmpty()
  channel: string;

  @ApiProperty({ example: 'The Whale That Sang Alone', maxLength: LONGEST_TITLE })
  @IsString()
  @IsNotEmpty()
  @MaxLength(LONGEST_TITLE)
  title: string;

  @ApiPropertyOptional({ example: 'The 52-hertz whale' })
  @IsOptional()
  @IsString()
  @MaxLength(5_000)
  topic?: string;

  @ApiPropertyOptional({ example: 'Begin with a sound nobody can place.' })
  @IsOptional()
  @IsString()
  @MaxLength(20_000)
  story_direction?: string;

  @ApiPropertyOptional({
    description: 'A finished narration: it is broken into scenes and not changed.',
    example: 'The sea is old. It does not explain itself.',
  })
  @IsOptional()
  @IsString()
  @MaxLength(LONGEST_OWN_SCRIPT)
  own_script?: string;

  @ApiPropertyOptional({ enum: PRIORITIES, default: 'normal' })
  @IsOptional()
  @IsIn(PRIORITIES)
  priority?: Priority;

  @ApiPropertyOptional({
    format: 'date-time',
    description:
      "When the video appears; left out: as the channel's schedule says, or as soon as it can. Of a channel whose videos are public.",
    example: '2026-12-24T17:00:00+01:00',
  })
  @IsOptional()
  @ValidateIf(({ publish_at }: { publish_at?: unknown }) => publish_at !== '')
  @IsMoment()
  publish_at?: string;

  @ApiPropertyOptional({ enum: ['draft', 'queued'], default: 'queued' })
  @IsOptional()
  @IsIn(['draft', 'queued'])
  status?: 'draft' | 'queued';
}

/** What changes about a video; what is left out stays. */
export class EditTask extends PartialType(
  PickType(CreateTask, ['channel', 'title', 'topic', 'story_direction', 'own_script', 'priority', 'publish_at'] as const),
) {
  @ApiPropertyOptional({ description: 'Which of the thumbnails the video gets.', minimum: 1, maximum: THUMBNAIL_CANDIDATES })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(THUMBNAIL_CANDIDATES)
  thumbnail?: number;
}

/** One of many videos that are planned at once. */
export class CreateBulkTask extends CreateTask {
  @ApiPropertyOptional({
    description: 'The same as the header Idempotency-Key of a single one.',
    minLength: 1,
    maxLength: 200,
    example: 'plan-2026-48-07',
  })
  @IsOptional()
  @Matches(IDEMPOTENCY_KEY, { message: 'idempotency_key must be 1 to 200 visible ASCII characters' })
  idempotency_key?: string;
}
