import type {
  ArtifactState,
  Decision,
  ItemKind,
  PublicationState,
  PublicationStepName,
  PublicationStepState,
  YouTubeVideo,
} from '#pipeline';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { FindingView } from './finding.dto.js';

class EvidenceFile {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ example: 'clip' })
  kind: ItemKind;

  /** From 0. */
  @ApiProperty()
  position: number;

  @ApiProperty()
  revision: number;

  /** `superseded`: it was made again. */
  @ApiProperty()
  state: ArtifactState;

  /** SHA-256 of the file. */
  @ApiPropertyOptional()
  checksum: string | null;

  @ApiPropertyOptional()
  bytes: number | null;

  /** Made by the simulator. */
  @ApiProperty()
  simulated: boolean;

  @ApiProperty({ format: 'date-time' })
  made_at: string;
}

class ShownFile {
  @ApiProperty({ format: 'uuid' })
  artifact_id: string;

  /** SHA-256 of what was shown. */
  @ApiPropertyOptional()
  checksum: string | null;

  /** What was said to be wrong with it; left out: nothing. */
  @ApiPropertyOptional({ type: [FindingView] })
  findings?: FindingView[];
}

class EvidenceReview {
  @ApiProperty()
  gate: string;

  @ApiProperty()
  decision: Decision;

  @ApiProperty()
  reviewer: string;

  @ApiPropertyOptional()
  note: string | null;

  @ApiProperty({ type: [ShownFile] })
  shown: ShownFile[];

  @ApiProperty({ format: 'date-time' })
  created_at: string;
}

class EvidenceLogEntry {
  @ApiProperty()
  actor: string;

  @ApiProperty()
  action: string;

  @ApiProperty({ type: 'object', additionalProperties: true })
  details: object;

  @ApiProperty({ format: 'date-time' })
  created_at: string;
}

export class PublicationStepView {
  @ApiProperty({ example: 'captions' })
  name: PublicationStepName;

  @ApiProperty({ enum: ['due', 'done', 'given_up'] })
  state: PublicationStepState;

  @ApiPropertyOptional({ format: 'date-time' })
  next_at: string | null;

  @ApiPropertyOptional()
  error_code: string | null;

  @ApiPropertyOptional()
  error_message: string | null;
}

export class PublicationView {
  @ApiProperty({ enum: ['sending', 'unknown', 'uploaded', 'released', 'gone', 'given_up'] })
  state: PublicationState;

  @ApiProperty()
  bytes: number;

  /** What YouTube is known to have. */
  @ApiProperty()
  sent_bytes: number;

  @ApiPropertyOptional()
  video_id: string | null;

  @ApiProperty({ enum: ['private', 'unlisted', 'public'] })
  privacy: string;

  /** When it appears, or has appeared, by itself; left out: as soon as it was released. */
  @ApiPropertyOptional({ format: 'date-time' })
  publish_at: string | null;

  @ApiPropertyOptional({ format: 'date-time' })
  released_at: string | null;

  /** Since when YouTube can play it. */
  @ApiPropertyOptional({ format: 'date-time' })
  processed_at: string | null;

  @ApiProperty({ type: [PublicationStepView] })
  steps: PublicationStepView[];
}

class EvidencePublication extends PublicationView {
  /** SHA-256 of the file that was sent. */
  @ApiProperty()
  checksum: string;

  /** What YouTube was told. */
  @ApiProperty({ type: 'object', additionalProperties: true })
  metadata: object;

  /** What YouTube has shown when it was last looked at. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: true })
  shown: YouTubeVideo | null;

  @ApiPropertyOptional({ format: 'date-time' })
  uploaded_at: string | null;

  /** When the files that nobody needs any more were removed. */
  @ApiPropertyOptional({ format: 'date-time' })
  cleaned_at: string | null;
}

/** What can be shown of how a video came about: who has approved which files, and what was published of them. */
export class Evidence {
  @ApiProperty({ format: 'uuid' })
  task_id: string;

  @ApiProperty()
  title: string;

  @ApiProperty({ example: 'deep_sea' })
  channel: string;

  @ApiProperty()
  youtube_channel_id: string;

  /** Every file that was ever made for it. */
  @ApiProperty({ type: [EvidenceFile] })
  files: EvidenceFile[];

  /** Oldest first; nobody can change or remove one. */
  @ApiProperty({ type: [EvidenceReview] })
  reviews: EvidenceReview[];

  /** Oldest first; nobody can change or remove an entry. */
  @ApiProperty({ type: [EvidenceLogEntry] })
  log: EvidenceLogEntry[];

  /** More than one only where a person had it sent anew. */
  @ApiProperty({ type: [EvidencePublication] })
  publications: EvidencePublication[];
}
