import {
  ITEM_KINDS,
  PRIORITIES,
  STATUSES,
  THUMBNAIL_CANDIDATES,
  type ItemKind,
  type ArtifactState,
  type Estimate,
  type ItemProgress,
  type Decision,
  type Priority,
  type Status,
  type StepName,
} from '#pipeline';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsObject,
  IsOptional,
  IsString,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { OutlookView } from '../forecast/forecast.dto.js';
import { PublicationView } from './evidence.dto.js';
import { FindingView } from './finding.dto.js';

class Judgement {
  @ApiPropertyOptional({ description: 'Who decides.', default: 'api' })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(200)
  reviewer?: string;

  @ApiPropertyOptional({ example: 'Fine as it is' })
  @IsOptional()
  @IsString()
  @MaxLength(5_000)
  note?: string;
}

export class Approve extends Judgement {
  @ApiPropertyOptional({
    description: 'Which of the thumbnails the video gets; left out, the one that was chosen before, or the first.',
    minimum: 1,
    maximum: THUMBNAIL_CANDIDATES,
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(THUMBNAIL_CANDIDATES)
  thumbnail?: number;
}

export class Reject extends Judgement {
  @ApiPropertyOptional({
    description: 'Positions, from 0, of the items to be made again, of the kind that the gate is about; left out: all of these.',
    type: [Number],
    example: [6],
  })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(200)
  @ArrayUnique()
  @IsInt({ each: true })
  @Min(0, { each: true })
  items?: number[];
}

export class NamedItem {
  @ApiProperty({ enum: ITEM_KINDS, example: 'clip' })
  @IsIn(ITEM_KINDS)
  kind: ItemKind;

  @ApiProperty({ description: 'From 0.', example: 2 })
  @IsInt()
  @Min(0)
  position: number;
}

export class Regenerate extends Judgement {
  @ApiProperty({ description: 'The items to be made again; what is made from them is made again, too.', type: [NamedItem] })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(200)
  @ArrayUnique(({ kind, position }: NamedItem) => `${kind} ${position}`)
  // A list in the list would pass for an item without a mistake.
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => NamedItem)
  items: NamedItem[];
}

export class Act {
  @ApiPropertyOptional({ description: 'Who decides.', default: 'api' })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(200)
  actor?: string;
}

export class TaskSummary {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'uuid' })
  channel_id: string;

  @ApiProperty()
  title: string;

  @ApiProperty({ enum: STATUSES })
  status: Status;

  @ApiProperty({ enum: PRIORITIES })
  priority: Priority;

  @ApiPropertyOptional({ description: 'The step that is being worked, or comes next.' })
  step: StepName | null;

  @ApiPropertyOptional()
  error_code: string | null;

  @ApiPropertyOptional({ description: 'What to do now.' })
  error_message: string | null;

  @ApiPropertyOptional()
  notion_page_id: string | null;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty({ format: 'date-time' })
  updated_at: string;

  @ApiPropertyOptional({ format: 'date-time' })
  published_at: string | null;
}

export class TaskUpdate extends TaskSummary {
  /** How far the open step is, in items, and those of them that take long; empty when none is open. */
  @ApiProperty({ example: 'cut 0/1; 63 %, 12 s left' })
  progress: string;
}

class TaskItemProgress implements ItemProgress {
  @ApiProperty({ description: 'Of a cut: frames.', example: 1_890 })
  done: number;

  @ApiProperty({ example: 3_000 })
  total: number;

  @ApiPropertyOptional({ description: 'Of late; left out at first.', example: 92.5 })
  per_second: number | null;

  @ApiPropertyOptional({ description: 'At this speed (s); left out while that is not known.', example: 12 })
  seconds_left: number | null;
}

export class TaskItem {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty()
  kind: ItemKind;

  @ApiProperty()
  position: number;

  @ApiProperty()
  revision: number;

  @ApiProperty()
  state: ArtifactState;

  @ApiPropertyOptional({ description: 'File, relative to the workspace.' })
  path: string | null;

  @ApiPropertyOptional({ description: 'SHA-256 of the file.' })
  checksum: string | null;

  @ApiPropertyOptional()
  duration_ms: number | null;

  @ApiPropertyOptional({ description: 'How far it is, while it is made and if that takes long.', type: TaskItemProgress })
  progress: TaskItemProgress | null;

  @ApiProperty()
  attempts: number;

  @ApiProperty()
  cost_usd: number;

  @ApiProperty({ description: 'What is wrong with the file, though it is whole.', type: [FindingView] })
  findings: FindingView[];

  @ApiProperty({ description: 'It was made again by itself, as its first file was too bad to be shown.' })
  remade: boolean;

  @ApiPropertyOptional()
  error_message: string | null;
}

export class TaskReview {
  @ApiProperty()
  gate: string;

  @ApiProperty()
  decision: Decision;

  @ApiProperty()
  reviewer: string;

  @ApiPropertyOptional()
  note: string | null;

  @ApiProperty({ format: 'date-time' })
  created_at: string;
}

export class TaskEstimate implements Estimate {
  @ApiProperty()
  scenes: number;

  @ApiProperty()
  images: number;

  @ApiProperty({ description: 'Length of the narration (s).' })
  seconds: number;

  @ApiProperty({ description: 'What everything after the storyboard costs, made once (USD).' })
  usd: number;
}

export class TaskDetail extends TaskSummary {
  @ApiProperty()
  topic: string;

  @ApiProperty()
  story_direction: string;

  @ApiProperty()
  own_script: string;

  @ApiPropertyOptional({ description: 'What the video will be, once its storyboard is written.', type: TaskEstimate })
  estimate: TaskEstimate | null;

  @ApiProperty({
    description: 'How far the step is, in items, and what the video will come to.',
    example: 'images 5/8; 18 scenes, about 2:31, USD 7.20',
  })
  progress: string;

  @ApiProperty()
  cost_usd: number;

  @ApiPropertyOptional({
    description: 'What is still to be paid, and when machines are done with it; left out when it is published, a draft, or stopped.',
    type: OutlookView,
  })
  forecast: OutlookView | null;

  @ApiPropertyOptional({ description: 'When the creator wants it to appear.', format: 'date-time' })
  publish_at: string | null;

  @ApiPropertyOptional({ description: 'Which of the thumbnails was chosen; left out: none was, and the video gets the first.' })
  thumbnail: number | null;

  @ApiPropertyOptional()
  youtube_url: string | null;

  @ApiPropertyOptional({ description: 'How far its publication is, once that has begun.', type: PublicationView })
  publication: PublicationView | null;

  @ApiProperty({ type: [TaskItem] })
  items: TaskItem[];

  @ApiProperty({ type: [TaskReview] })
  reviews: TaskReview[];
}
