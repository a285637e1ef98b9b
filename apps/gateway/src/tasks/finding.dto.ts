import { FINDING_CODES, type Finding, type FindingCode } from '#pipeline';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

export class FindingView implements Finding {
  @ApiProperty({ enum: FINDING_CODES })
  code: FindingCode;

  @ApiProperty({ description: 'A sentence.', example: 'Frozen from 1.2 to 5.0 s' })
  message: string;

  @ApiProperty({ description: 'Bad enough that the item is made again once by itself.' })
  grave: boolean;

  @ApiPropertyOptional({ description: "From the item's start." })
  from_ms?: number;

  @ApiPropertyOptional()
  to_ms?: number;
}
