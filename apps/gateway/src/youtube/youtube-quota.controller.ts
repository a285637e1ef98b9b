import { settings, type Settings } from '#config';
import { Database } from '#database';
import { Controller, Get, Inject } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiProperty, ApiPropertyOptional, ApiResponse, ApiTags } from '@nestjs/swagger';
import { ErrorBody } from '../http/api-error.js';

class YouTubeQuota {
  /** Google counts in days of Pacific time. */
  @ApiProperty({ example: '2026-11-24' })
  day: string;

  /** The next midnight, Pacific time. */
  @ApiProperty({ format: 'date-time' })
  resets_at: string;

  /** YOUTUBE_UPLOADS_A_DAY, of all channels together. */
  @ApiProperty({ example: 100 })
  uploads_limit: number;

  /** Videos of this installation that were published on this day. Uploads that are under way, have failed, or were made elsewhere are not in it. */
  @ApiProperty()
  uploads_used: number;

  @ApiProperty()
  uploads_remaining: number;

  /** YOUTUBE_UNITS_A_DAY. How many of them are used is not counted. */
  @ApiProperty({ example: 10_000 })
  units_limit: number;

  /** Videos that are approved and not published yet. */
  @ApiProperty()
  waiting: number;

  /** The day, Pacific time, on which the last of them goes up if no others come before it; left out when none waits. */
  @ApiPropertyOptional({ example: '2026-11-25' })
  last_upload_on: string | null;
}

@ApiTags('youtube')
@ApiBearerAuth()
@ApiResponse({ status: '4XX', type: ErrorBody })
@Controller('api/v1/youtube-quota')
export class YouTubeQuotaController {
  constructor(
    private readonly database: Database,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  @Get()
  @ApiOperation({ summary: "What is left of today's uploads, by our own record, and when those that wait will have gone up" })
  @ApiOkResponse({ type: YouTubeQuota })
  async today(): Promise<YouTubeQuota> {
    const { YOUTUBE_UPLOADS_A_DAY: limit, YOUTUBE_UNITS_A_DAY: units } = this.settings;
    const { day, resetsAt, uploads, waiting } = await this.database.census.uploadsOfDay(new Date());
    const remaining = Math.max(0, limit - uploads);
    return {
      day,
      resets_at: resetsAt.toISOString(),
      uploads_limit: limit,
      uploads_used: uploads,
      uploads_remaining: remaining,
      units_limit: units,
      waiting,
      last_upload_on: waiting === 0 ? null : later(day, Math.max(0, Math.ceil((waiting - remaining) / limit))),
    };
  }
}

/** A calendar day, so many days after another. */
function later(day: string, days: number): string {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}
