import {
  CAPTION_POSITIONS,
  CORNERS,
  FITS,
  IsCaptionSize,
  IsFontFamily,
  IsHexColor,
  IsOpacity,
  IsWatermarkWidth,
  type CaptionPosition,
  type Corner,
  type Fit,
  type WordTiming,
} from '#pipeline';
import { Type } from 'class-transformer';
import {
  ArrayMinSize,
  Equals,
  IsArray,
  IsBoolean,
  IsDivisibleBy,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsNumber,
  IsOptional,
  IsString,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';

/** Frame rates of a cut (frames a second). */
export const FRAME_RATES = [24, 25, 30, 48, 50, 60] as const;
/** A word of the narration, for captions that are part of the picture. Times from the narration's beginning (ms). */
class ManifestWord implements WordTiming {
  @IsString()
  @IsNotEmpty()
  word: string;

  @IsInt()
  @Min(0)
  start_ms: number;

  @IsInt()
  @Min(0)
  end_ms: number;
}

/** A scene of the cut. All paths are absolute or relative to where the command runs. */
export class ManifestScene {
  @IsString()
  @IsNotEmpty()
  clip: string;

  /** What is said, from the scene's first frame on. */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  narration?: string;

  @IsOptional()
  @IsString()
  @IsNotEmpty()
  sound_effect?: string;

  /** How long the scene is seen (frames). A longer clip is trimmed, a shorter one holds its last frame. */
  @IsInt()
  @Min(1)
  frames: number;

  /** How many times as long the clip takes. Left out: 1. */
  @IsOptional()
  @IsNumber({ allowInfinity: false, allowNaN: false })
  @Min(1)
  @Max(4)
  slowed?: number;

  /** The title of the chapter that begins here. */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  chapter?: string;

  /** What the captions in the picture say; without `captions` they are not used. */
  @IsOptional()
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => ManifestWord)
  words?: ManifestWord[];
}

/** A video that every cut begins or ends with, with its own sound. */
export class ManifestBookend {
  @IsString()
  @IsNotEmpty()
  file: string;

  @IsInt()
  @Min(1)
  frames: number;
}

/** A picture that lies over every scene. */
export class ManifestWatermark {
  @IsString()
  @IsNotEmpty()
  file: string;

  @IsIn(CORNERS)
  corner: Corner;

  /** Its width as a part of the cut's. */
  @IsWatermarkWidth()
  width: number;

  /** 1 hides what is below it. */
  @IsOpacity()
  opacity: number;
}

/** How captions look that are part of the picture; the word that is said stands out. */
export class ManifestCaptions {
  /** A family of fonts that is installed, or comes with the product. */
  @IsFontFamily()
  font: string;

  /** Height of the line, with what lies above and below the letters, as a part of the shorter side of the picture. */
  @IsCaptionSize()
  size: number;

  @IsHexColor()
  color: string;

  /** Of the word that is being said. */
  @IsHexColor()
  highlight: string;

  @IsHexColor()
  outline: string;

  @IsIn(CAPTION_POSITIONS)
  position: CaptionPosition;
}

/** `manifest.json`: everything that a cut is made from. */
export class Manifest {
  @Equals(2)
  version: 2;

  /** Pixels; even, as the encoder wants it. */
  @IsInt()
  @Min(16)
  @IsDivisibleBy(2)
  width: number;

  @IsInt()
  @Min(16)
  @IsDivisibleBy(2)
  height: number;

  @IsIn(FRAME_RATES)
  frames_per_second: (typeof FRAME_RATES)[number];

  @IsIn(FITS)
  fit: Fit;

  /** Frames in which each scene fades into the next one. They are the first ones of the next: what is planned does not move. Left out: hard cuts. */
  @IsOptional()
  @IsInt()
  @Min(1)
  crossfade_frames?: number;

  @IsOptional()
  @ValidateNested()
  @Type(() => ManifestBookend)
  intro?: ManifestBookend;

  @IsOptional()
  @ValidateNested()
  @Type(() => ManifestBookend)
  outro?: ManifestBookend;

  @IsOptional()
  @ValidateNested()
  @Type(() => ManifestWatermark)
  watermark?: ManifestWatermark;

  /** Lies under the whole cut, again and again. */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  music?: string;

  @IsOptional()
  @ValidateNested()
  @Type(() => ManifestCaptions)
  captions?: ManifestCaptions;

  /** Whether a model made the pictures; the video then says so (IPTC digital source type). */
  @IsOptional()
  @IsBoolean()
  synthetic?: boolean;

  @IsArray()
  @ArrayMinSize(1)
  @ValidateNested({ each: true })
  @Type(() => ManifestScene)
  scenes: ManifestScene[];
}

/** Something that is seen for a while, and when (frames of the cut). */
export interface Passage {
  from: number;
  frames: number;
}

/** Where intro, scenes and outro lie: one after another, without a gap. */
export function timeline({ intro, scenes, outro }: Manifest): {
  intro: Passage | null;
  scenes: Passage[];
  outro: Passage | null;
  frames: number;
} {
  let at = 0;
  const next = (frames: number): Passage => {
    const from = at;
    at += frames;
    return { from, frames };
  };
  const passages = {
    intro: intro ? next(intro.frames) : null,
    scenes: scenes.map(({ frames }) => next(frames)),
    outro: outro ? next(outro.frames) : null,
  };
  return { ...passages, frames: at };
}

/** Where each scene of a manifest begins and how long it lasts (ms). */
export function sceneTimes(manifest: Manifest): { start_ms: number; duration_ms: number }[] {
  const ms = (frames: number) => Math.round((frames / manifest.frames_per_second) * 1_000);
  return timeline(manifest).scenes.map(({ from, frames }) => ({ start_ms: ms(from), duration_ms: ms(from + frames) - ms(from) }));
}
