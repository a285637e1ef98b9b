import type { Fit } from '#pipeline';
import type { Clip, Clips } from './clip.js';
import { burnedCaptions } from './burned-captions.js';
import type { Manifest, ManifestWatermark } from './manifest.js';

/** Captions and watermark keep this far from the edges, as a part of the shorter side: no screen and no player hides them there. */
const SAFE = 0.05;

/** A part of the picture of a cut, so long as no other part need be known to make it. */
export type Piece = CopiedPiece | EncodedPiece;

/** The first frames of a clip, as they are. */
interface CopiedPiece {
  kind: 'copied';
  clip: Clip;
  frames: number;
  /** When the first packet that is left out is to be decoded (units of the clip's time base); null when none is. */
  until: number | null;
}

/** Frames that are drawn anew. */
export interface EncodedPiece {
  kind: 'encoded';
  /** What it is drawn from, in the order of FFmpeg's inputs. */
  inputs: readonly string[];
  /** The last frame of a clip, again and again; to find it only frames that others need have to be decoded. */
  isStill: boolean;
  /** FFmpeg's graph of filters, up to `[video]`. The captions are in a file of this name. */
  graph: string;
  captions: string | null;
  frames: number;
}

/** The name of the file of captions that a graph of filters reads, in the folder where FFmpeg runs; fonts are beside it. */
export const CAPTIONS_FILE = 'captions.ass';
export const FONTS_FOLDER = 'fonts';

/**
 * The pieces of a cut, in order. What is a clip's own frames is copied where all of them can follow each other in one stream; all else is drawn.
 * @param form the one of clips that may be copied; null: none
 */
export function piecesOf(manifest: Manifest, clips: Clips, form: string | null): Piece[] {
  const { intro, scenes, outro, watermark, captions, crossfade_frames: fade = 0, ...canvas } = manifest;
  const bookend = (file: string, frames: number): Piece[] =>
    copied(clips.get(file), frames, form) ?? [drawn(canvas, null, { clip: clips.get(file), frames })];
  const isPlain = fade === 0 && !watermark && !captions;
  return [
    ...(intro ? bookend(intro.file, intro.frames) : []),
    ...scenes.flatMap((scene, index): Piece[] => {
      const clip = clips.get(scene.clip);
      const asItIs = isPlain && !scene.slowed ? copied(clip, scene.frames, form) : null;
      if (asItIs) return asItIs;
      const before = fade > 0 ? scenes[index - 1] : undefined;
      return [drawn(manifest, before ? { ...before, clip: clips.get(before.clip) } : null, { ...scene, clip })];
    }),
    ...(outro ? bookend(outro.file, outro.frames) : []),
  ];
}

/** A clip's first frames as they are, and its last one held for what is missing; null when it cannot be cut there. */
function copied(clip: Clip, frames: number, form: string | null): Piece[] | null {
  if (clip.copy?.form !== form) return null;
  const own = Math.min(frames, clip.frames);
  if (!clip.copy.cleanCuts.includes(own)) return null;
  const piece: CopiedPiece = { kind: 'copied', clip, frames: own, until: clip.copy.decodedAt[own] ?? null };
  return own === frames ? [piece] : [piece, held(clip, frames - own)];
}

/** The last frame of a clip, again and again. */
function held({ path, frames: own, rate }: Clip, frames: number): EncodedPiece {
  const last = ((own - 1.5) / rate).toFixed(6);
  const graph = `[0:v:0]trim=start=${last},tpad=stop=-1:stop_mode=clone,${counted(0, frames, rate)},format=yuv420p[video]`;
  return { kind: 'encoded', inputs: [path], isStill: true, graph, captions: null, frames };
}

interface Shown {
  clip: Clip;
  frames: number;
  slowed?: number;
  words?: Manifest['scenes'][number]['words'];
}

/** What everything is drawn on. */
type Canvas = Pick<Manifest, 'width' | 'height' | 'fit' | 'frames_per_second'>;

/** A scene, with what lies over it, and what it follows fading out over its beginning. */
function drawn(
  canvas: Canvas & Pick<Manifest, 'crossfade_frames' | 'watermark' | 'captions'>,
  before: Shown | null,
  scene: Shown,
): EncodedPiece {
  const { crossfade_frames: fade = 0, frames_per_second: rate, watermark, captions: style } = canvas;
  const inputs = [scene.clip.path];
  const steps = [`[0:v:0]${shown(canvas, scene, 'scene')},${counted(0, scene.frames, rate)}[scene]`];
  let picture = 'scene';
  const over = (name: string, step: string) => {
    steps.push(`${step}[${name}]`);
    picture = name;
  };
  if (before) {
    const from = before.frames;
    steps.push(`[${inputs.length}:v:0]${shown(canvas, before, 'before')},${counted(from, from + fade, rate)}[before]`);
    inputs.push(before.clip.path);
    over('faded', `[before][${picture}]xfade=transition=fade:duration=${(fade / rate).toFixed(6)}:offset=0`);
  }
  if (watermark) {
    over('marked', `${mark(canvas, watermark, inputs.length)};[${picture}][mark]overlay=${cornerOf(watermark)}:format=yuv420`);
    inputs.push(watermark.file);
  }
  const captions = style && scene.words ? burnedCaptions(scene.words, (scene.frames / rate) * 1_000, style, canvas) : null;
  if (captions) over('captioned', `[${picture}]ass=filename=${CAPTIONS_FILE}:fontsdir=${FONTS_FOLDER}`);
  // Exactly so many frames, whatever the filters on the way made of the last one.
  steps.push(`[${picture}]tpad=stop=-1:stop_mode=clone,${counted(0, scene.frames, rate)},format=yuv420p[video]`);
  return { kind: 'encoded', inputs, isStill: false, graph: steps.join(';'), captions, frames: scene.frames };
}

/** Some frames of an endless row, one after another from time 0: filters before have their own ideas of when one is to be seen. */
const counted = (from: number, to: number, rate: number) => `trim=start_frame=${from}:end_frame=${to},settb=1/${rate},setpts=N,fps=${rate}`;

/** A clip in the cut's rate and size, its last frame held without end. */
function shown({ width, height, fit, frames_per_second: rate }: Canvas, { clip, slowed = 1 }: Shown, name: string): string {
  // Frames between two of the clip's own are mixed from both: doubled ones would jerk.
  const timed = slowed > 1 ? `setpts=PTS*${slowed},minterpolate=fps=${rate}:mi_mode=blend:scd=none` : `fps=${rate}`;
  const isRight = clip.width === width && clip.height === height;
  return `${timed}${isRight ? '' : `,${fitted(fit, width, height, name)}`},setsar=1,tpad=stop=-1:stop_mode=clone`;
}

function fitted(fit: Fit, width: number, height: number, name: string): string {
  const size = `${width}:${height}`;
  const whole = `scale=${size}:force_original_aspect_ratio=decrease:force_divisible_by=2`;
  const filling = (to: string) => `scale=${to}:force_original_aspect_ratio=increase,crop=${to}`;
  if (fit === 'bars') return `${whole},pad=${size}:-1:-1`;
  if (fit === 'fill') return filling(size);
  // Blurred at a sixteenth of the size: it costs next to nothing there, and nobody can tell.
  const small = `${Math.ceil(width / 32) * 2}:${Math.ceil(height / 32) * 2}`;
  const [original, copy, back, front] = ['whole', 'copy', 'back', 'front'].map((part) => `[${name}_${part}]`);
  const blurred = `${filling(small)},gblur=sigma=4,eq=brightness=-0.08,scale=${size}:flags=bicubic`;
  return `split${original}${copy};${copy}${blurred}${back};${original}${whole}${front};${back}${front}overlay=(W-w)/2:(H-h)/2:format=yuv420`;
}

function mark({ width }: Canvas, { width: part, opacity }: ManifestWatermark, input: number): string {
  return `[${input}:v:0]scale=${Math.max(2, Math.round(width * part))}:-1,format=rgba,colorchannelmixer=aa=${opacity}[mark]`;
}

function cornerOf({ corner }: ManifestWatermark): string {
  const edge = `min(W\\,H)*${SAFE}`;
  const x = corner.endsWith('left') ? edge : `W-w-${edge}`;
  const y = corner.startsWith('top') ? edge : `H-h-${edge}`;
  return `x=${x}:y=${y}`;
}
