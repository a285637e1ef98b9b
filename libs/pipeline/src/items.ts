import type { ImageRole, Layout, Storyboard } from './storyboard.js';
import type { ItemKind } from './stages.js';

/** Thumbnails that a reviewer can choose from. */
export const THUMBNAIL_CANDIDATES = 3;

/** Where the title stands on a thumbnail. At the bottom it keeps clear of the corner where YouTube writes how long the video is. */
export const TITLE_POSITIONS = ['bottom', 'top', 'center'] as const;
export type TitlePosition = (typeof TITLE_POSITIONS)[number];

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
  cut: { scenes: number };
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

/** What is known of a finished item besides its file, by kind. Stored with the artifact. */
export interface ItemResults {
  storyboard: { model: string; storyboard: Storyboard; estimate: Estimate };
  image: { model: string };
  composite: Record<string, never>;
  clip: { model: string };
  narration: { model: string; words: WordTiming[] };
  sound_effect: { model: string };
  cut: { scenes: { start_ms: number; duration_ms: number }[] };
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
