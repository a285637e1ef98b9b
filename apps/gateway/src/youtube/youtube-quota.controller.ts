import { settings, type Settings } from '#config';
import { Database } from '#database';
import { Clock, YouTubeQuota } from '#youtube';
import { Controller, Get, Inject } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiProperty, ApiPropertyOptional, ApiResponse, ApiTags } from '@nestjs/swagger';
import { ErrorBody } from '../http/api-error.js';

class YouTubeQuotaView {
  /** Google counts in days of Pacific time. */
  @ApiProperty({ example: '2026-11-24' })
  day: string;

  /** The next midnight, Pacific time. */
  @ApiProperty({ format: 'date-time' })
  resets_at: string;

  /** YOUTUBE_UPLOADS_A_DAY, of all channels together. */
  @ApiProperty({ example: 100 })
  uploads_limit: number;

  /** Uploads that were begun on this day. What was uploaded elsewhere is not in it, but YouTube's word is believed over this count. */
  @ApiProperty()
  uploads_used: number;

  @ApiProperty()
  uploads_remaining: number;

  /** YOUTUBE_UNITS_A_DAY. */
  @ApiProperty({ example: 10_000 })
  units_limit: number;

  @ApiProperty()
  units_used: number;

  @ApiProperty()
  units_remaining: number;

  /** Until when YouTube takes no uploads, as it has said; left out while it does. */
  @ApiPropertyOptional({ format: 'date-time' })
  uploads_refused_until: string | null;

  @ApiPropertyOptional({ format: 'date-time' })
  units_refused_until: string | null;

  /** Requests of this day by name. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'integer' }, example: { 'videos.insert': 12, 'captions.insert': 9 } })
  calls: Record<string, number>;

  /** Videos that are approved and not published yet. */
  @ApiProperty()
  waiting: number;

  /** Units that those will take, and everything that was put off: thumbnails, playlists, captions. */
  @ApiProperty()
  units_owed: number;

  /** The day, Pacific time, on which the last of them goes up if no others come before it; left out when none waits. */
  @ApiPropertyOptional({ example: '2026-11-25' })
  last_upload_on: string | null;

  /** The day on which everything is done that was put off, too; left out when nothing is. */
  @ApiPropertyOptional({ example: '2026-11-27' })
  all_done_on: string | null;
}

@ApiTags('youtube')
@ApiBearerAuth()
@ApiResponse({ status: '4XX', type: ErrorBody })
@Controller('api/v1/youtube-quota')
export class YouTubeQuotaController {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  @Get()
  @ApiOperation({ summary: "What is left of today's quota of YouTube, and when everything that waits will be done" })
  @ApiOkResponse({ type: YouTubeQuotaView })
  async today(): Promise<YouTubeQuotaView> {
    const { day, resetsAt, limits, use, unitsOwed, lastUploadOn, lastStepOn } = await new YouTubeQuota(
      this.database,
      this.clock,
      this.settings,
    ).forecast();
    return {
      day,
      resets_at: resetsAt.toISOString(),
      uploads_limit: limits.uploads,
      uploads_used: use.uploadsUsed,
      uploads_remaining: Math.max(0, limits.uploads - use.uploadsUsed),
      units_limit: limits.units,
      units_used: use.unitsUsed,
      units_remaining: Math.max(0, limits.units - use.unitsUsed),
      uploads_refused_until: use.uploadsRefusedUntil?.toISOString() ?? null,
      units_refused_until: use.unitsRefusedUntil?.toISOString() ?? null,
      calls: use.calls,
      waiting: use.waiting + use.inFlight,
      units_owed: unitsOwed,
      last_upload_on: lastUploadOn,
      all_done_on: lastStepOn,
    };
  }
}
