import { Type } from 'class-transformer';
import { ArrayMinSize, Equals, IsArray, IsInt, IsNotEmpty, IsString, Min, ValidateNested } from 'class-validator';
import { FRAME } from './composite.js';

/** Frames a second of every cut. */
const FRAMES_PER_SECOND = 24;

/** A scene of the cut. Paths are absolute or relative to where the command runs. */
export class ManifestScene {
  @IsString()
  @IsNotEmpty()
  clip: string;

  @IsString()
  @IsNotEmpty()
  narration: string;

  @IsString()
  @IsNotEmpty()
  sound_effect: string;

  /** How long the scene is seen; the clip is trimmed to it, or its last frame held. */
  @IsInt()
  @Min(1)
  frames: number;
}

/** `manifest.json`: everything that the cut is made from. */
export class Manifest {
  @Equals(1)
  version: 1;

  @IsInt()
  @Min(16)
  width: number;

  @IsInt()
  @Min(16)
  height: number;

  @IsInt()
  @Min(1)
  frames_per_second: number;

  @IsArray()
  @ArrayMinSize(1)
  @ValidateNested({ each: true })
  @Type(() => ManifestScene)
  scenes: ManifestScene[];
}

/** A scene's files and how long its narration is. */
export interface CutScene {
  clip: string;
  narration: string;
  soundEffect: string;
  narrationMs: number;
}

/** The manifest of a cut in which each scene lasts as long as its narration, to the next whole frame: speech is never cut. */
export function planCut(scenes: readonly CutScene[]): Manifest {
  return {
    version: 1,
    ...FRAME,
    frames_per_second: FRAMES_PER_SECOND,
    scenes: scenes.map(({ clip, narration, soundEffect, narrationMs }) => ({
      clip,
      narration,
      sound_effect: soundEffect,
      frames: Math.max(1, Math.ceil((narrationMs / 1_000) * FRAMES_PER_SECOND)),
    })),
  };
}

/** Where each scene of a manifest begins and how long it lasts (ms). */
export function sceneTimes({ scenes, frames_per_second }: Manifest): { start_ms: number; duration_ms: number }[] {
  const ms = (frames: number) => Math.round((frames / frames_per_second) * 1_000);
  let before = 0;
  return scenes.map(({ frames }) => {
    const start_ms = ms(before);
    before += frames;
    return { start_ms, duration_ms: ms(before) - start_ms };
  });
}
