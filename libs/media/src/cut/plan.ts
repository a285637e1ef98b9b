import type { Fit, WordTiming } from '#pipeline';
import { readClips, type Clip } from './clip.js';
import {
  FRAME_RATES,
  type Manifest,
  type ManifestBookend,
  type ManifestCaptions,
  type ManifestScene,
  type ManifestWatermark,
} from './manifest.js';

/** What is heard of the picture alone after a narration, before the next scene begins (ms). */
export const BREATH_MS = 400;
/** How much longer a scene may be seen for the sake of a cut that needs no encoding (s): nobody sees the difference. */
const STRETCH = 0.4;
/** How long a last frame is held before it looks as if the video had stopped (s). Beyond it the clip is slowed down. */
export const HOLD = 1;
/** How much a clip is slowed down before it looks like slow motion. What is still missing is held. */
const SLOWEST = 1.25;
/** The rate of a cut whose clips have none of the usual ones. */
const USUAL_RATE = 24;

/** A scene as it was made; `C`: its clip, by path or as it was read. */
export interface SceneToCut<C = string> {
  clip: C;
  narration?: string;
  soundEffect?: string;
  /** Of the narration; 0 without one. The scene then lasts as long as its clip. */
  narrationMs: number;
  chapter?: string;
  words?: readonly WordTiming[];
}

/** How a channel's cuts look. */
export interface CutStyle<C = string> {
  width: number;
  height: number;
  fit: Fit;
  /** Left out: as most clips have it. */
  framesPerSecond?: (typeof FRAME_RATES)[number];
  breathMs?: number;
  crossfadeMs?: number;
  intro?: C;
  outro?: C;
  watermark?: ManifestWatermark;
  music?: string;
  captions?: ManifestCaptions;
  /** Whether a model made the pictures. */
  synthetic?: boolean;
}

/**
 * Reads what a cut is made of and plans it, as `planCut`.
 * @throws Failure MEDIA_UNUSABLE naming the clip that is none; STOPPED
 */
export async function planFromFiles(scenes: readonly SceneToCut[], style: CutStyle, signal?: AbortSignal): Promise<Manifest> {
  const clips = await readClips(
    [...scenes.map(({ clip }) => clip), style.intro, style.outro].filter((path) => path !== undefined),
    signal,
  );
  const { intro, outro, ...rest } = style;
  return planCut(
    scenes.map((scene) => ({ ...scene, clip: clips.get(scene.clip) })),
    { ...rest, ...(intro && { intro: clips.get(intro) }), ...(outro && { outro: clips.get(outro) }) },
  );
}

/**
 * The manifest of a cut: every scene lasts as long as its narration and a breath, to the next whole frame, so speech is never cut; a little longer where a
 * clip can be cut there without being encoded. A clip that is too short holds its last frame, or is slowed down first.
 */
export function planCut(scenes: readonly SceneToCut<Clip>[], style: CutStyle<Clip>): Manifest {
  const rate = style.framesPerSecond ?? rateOf(scenes.map(({ clip }) => clip));
  const planned = scenes.map((scene) => planScene(scene, rate, style));
  const bookend = (clip: Clip): ManifestBookend => ({ file: clip.path, frames: framesAt(rate, clip) });
  const { width, height, fit, watermark, music, captions, synthetic } = style;
  // A scene that is not over its own beginning cannot fade into the next one.
  const fade = Math.min(
    Math.round(((style.crossfadeMs ?? 0) * rate) / 1_000),
    Math.floor(Math.min(...planned.map(({ frames }) => frames)) / 2),
  );
  return {
    ...{ version: 2, width, height, frames_per_second: rate, fit },
    ...(fade > 0 && scenes.length > 1 && { crossfade_frames: fade }),
    ...(style.intro && { intro: bookend(style.intro) }),
    ...(style.outro && { outro: bookend(style.outro) }),
    ...(watermark && { watermark }),
    ...(music && { music }),
    ...(captions && { captions }),
    ...(synthetic && { synthetic }),
    scenes: planned,
  };
}

function planScene(
  { clip, narration, soundEffect, narrationMs, chapter, words }: SceneToCut<Clip>,
  rate: number,
  style: CutStyle<Clip>,
): ManifestScene {
  const own = framesAt(rate, clip);
  const needed = narrationMs > 0 ? Math.ceil(((narrationMs + (style.breathMs ?? BREATH_MS)) * rate) / 1_000) : own;
  const isDrawn = Boolean(style.watermark ?? style.captions ?? style.crossfadeMs);
  const clean =
    clip.rate === rate && !isDrawn
      ? clip.copy?.cleanCuts.find((frames) => frames >= needed && frames <= needed + STRETCH * rate)
      : undefined;
  const slowed = Math.min(SLOWEST, (needed - HOLD * rate) / own);
  return {
    clip: clip.path,
    ...(narration && { narration }),
    ...(soundEffect && { sound_effect: soundEffect }),
    frames: clean ?? needed,
    ...(slowed > 1 && { slowed: Number(slowed.toFixed(4)) }),
    ...(chapter && { chapter }),
    ...(style.captions && words && { words: words.map(({ word, start_ms, end_ms }) => ({ word, start_ms, end_ms })) }),
  };
}

/** How many frames a clip has at another rate. */
export const framesAt = (rate: number, { durationMs, frames, rate: own }: Clip) =>
  own === rate ? frames : Math.max(1, Math.floor((durationMs * rate) / 1_000));

/** The rate that most clips have, so that as few as can be are changed. */
function rateOf(clips: readonly Clip[]): (typeof FRAME_RATES)[number] {
  const count = (rate: number) => clips.filter((clip) => clip.rate === rate).length;
  const most = Math.max(...FRAME_RATES.map(count));
  return (most > 0 ? FRAME_RATES.find((rate) => count(rate) === most) : undefined) ?? USUAL_RATE;
}
