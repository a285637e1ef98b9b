import type { ImageRole, Layout, Storyboard } from './storyboard.js';
import type { ItemKind } from './stages.js';

/** Thumbnails that a reviewer can choose from. */
export const THUMBNAIL_CANDIDATES = 3;

/** Where the title stands on a thumbnail. At the bottom it keeps clear of the corner where YouTube writes how long the video is. */
export const TITLE_POSITIONS = ['bottom', 'top', 'center'] as const;
export type TitlePosition = (typeof TITLE_POSITIONS)[number];

/** Where something small lies in a picture. */
export const CORNERS = ['top_left', 'top_right', 'bottom_left', 'bottom_right'] as const;
export type Corner = (typeof CORNERS)[number];

/** How a video lies: as on television, or upright, as Shorts do (px). */
export const SHAPES = { landscape: { width: 1920, height: 1080 }, portrait: { width: 1080, height: 1920 } } as const;
export type Shape = keyof typeof SHAPES;

/** How a picture of another shape is brought into a video's: with bars, filled and cut off at the sides, or whole before a blurred copy of itself. */
export const FITS = ['bars', 'fill', 'blur'] as const;
export type Fit = (typeof FITS)[number];

/** What can encode the pictures of a cut: `libx264` always, the others with a graphics card, a driver and an FFmpeg that knows them. */
export const VIDEO_ENCODERS = ['libx264', 'h264_nvenc', 'h264_qsv', 'h264_vaapi', 'h264_videotoolbox'] as const;
export type VideoEncoder = (typeof VIDEO_ENCODERS)[number];

/** Where captions stand that are part of the picture. */
export const CAPTION_POSITIONS = ['bottom', 'middle', 'top'] as const;
export type CaptionPosition = (typeof CAPTION_POSITIONS)[number];

/** What is needed to make one item of each kind, besides its task and channel. Stored with the artifact when the step is planned. */
export interface ItemInputs {
  storyboard: Record<string, never>;
  /** `references`: keys of the images of the same step that it has to look like. */
  image: { key: string; role: ImageRole; prompt: string; references: string[] };
  /** `images`: keys, in the layout's order. */
  composite: { layout: Layout; images: string[] };
  clip: { motion: string; seconds: number };
  /** `before` and `after`: the narrations around it. */
  narration: { text: string; before: string; after: string };
  sound_effect: { prompt: string; seconds: number };
  /** `shape` is left out by what was planned before there was one: landscape. */
  cut: { scenes: number; shape?: Shape };
  caption: { language: string };
  thumbnail: { title: string };
  publication: { title: string; description: string; tags: string[] };
}

/** A word of a narration and when it is spoken, from the narration's start (ms). */
export interface WordTiming {
  word: string;
  start_ms: number;
  end_ms: number;
}

/** What a video will be, by its storyboard: counts, length of the narration (s), and what is still to be paid (USD). */
export interface Estimate {
  scenes: number;
  images: number;
  seconds: number;
  usd: number;
}

/** What is known of a finished cut. */
export interface CutResult {
  /** When each scene is seen. */
  scenes: { start_ms: number; duration_ms: number }[];
  /** Measured in the file (LUFS, dBTP); left out when it is silent. */
  loudness_lufs?: number;
  true_peak_dbtp?: number;
}

/** What is known of a finished item besides its file, by kind. Stored with the artifact. */
export interface ItemResults {
  storyboard: { model: string; storyboard: Storyboard; estimate: Estimate };
  image: { model: string };
  composite: Record<string, never>;
  clip: { model: string };
  narration: { model: string; words: WordTiming[] };
  sound_effect: { model: string };
  cut: CutResult;
  caption: { captions: number };
  /** Which moment of the cut it shows (ms). */
  thumbnail: { at_ms: number };
  /** `publish_at`: when YouTube makes it public by itself; null or left out: it is as `privacy` says. */
  publication: { video_id: string; url: string; privacy: string; publish_at?: string | null };
}

// Every kind states its input and its result, or this does not compile.
type Complete<T extends Record<ItemKind, object>> = T;
export type ItemInput<K extends ItemKind> = Complete<ItemInputs>[K];
export type ItemResult<K extends ItemKind> = Complete<ItemResults>[K];

interface Placed {
  readonly kind: ItemKind;
  readonly position: number;
  readonly input: ItemInputs[ItemKind];
}

/** Whether an item is made from the file of another, so that it has to be made again when that one is. */
export function isMadeFrom(item: Placed, source: Placed): boolean {
  switch (item.kind) {
    case 'composite':
      return source.kind === 'image' && (item.input as ItemInputs['composite']).images.includes((source.input as ItemInputs['image']).key);
    case 'clip':
      return source.kind === 'composite' && item.position === source.position;
    case 'cut':
      return source.kind === 'clip' || source.kind === 'narration' || source.kind === 'sound_effect';
    case 'caption':
      return source.kind === 'cut' || source.kind === 'narration';
    case 'thumbnail':
      return source.kind === 'cut';
    case 'publication':
      return source.kind === 'cut' || source.kind === 'caption' || source.kind === 'thumbnail';
    case 'image':
      return source.kind === 'image' && (item.input as ItemInputs['image']).references.includes((source.input as ItemInputs['image']).key);
    case 'storyboard':
    case 'narration':
    case 'sound_effect':
      return false;
  }
}
