import type { Storyboard } from '#pipeline';
import { IMAGES, SCENES, isLong } from './model.js';

/** Words of a narration that a clip of 5 s is long enough for, and of one that needs 10 s. */
const WORDS = { short: 10, long: 20 };

/** What an item is, written where its script is told what to make. */
const label = (video: number, position: number) => `v${video}-${position}`;
const LABEL = /\bv(\d+)-(\d+)\b/;

/** Whose item a text speaks of; null when it speaks of none. */
export function labelled(text: string): { video: number; position: number } | null {
  const [, video, position] = LABEL.exec(text) ?? [];
  return video === undefined ? null : { video: Number(video), position: Number(position) };
}

export const titleOf = (video: number) => `Video ${video}`;
const TITLE = /\bVideo (\d+)\b/;

/** The video that a title or a brief names. */
export function videoOf(text: string): number {
  const [, video] = TITLE.exec(text) ?? [];
  if (video === undefined) throw new Error(`This names no video of the benchmark: ${text}`);
  return Number(video);
}

/** The key of the place where a scene plays; no two scenes have the same. */
const place = (video: number, scene: number) => `v${video}_place_${scene}`;
const PLACE = /\bv(\d+)_place_(\d+)/;

/** The scene whose picture is made from this file of a place. */
export function placed(path: string): { video: number; position: number } {
  const [, video, position] = PLACE.exec(path) ?? [];
  if (video === undefined) throw new Error(`This is no place of the benchmark: ${path}`);
  return { video: Number(video), position: Number(position) };
}

/** A storyboard in which every item can be told from every other. */
export function storyboardOf(seed: number, video: number): Storyboard {
  const [hero, friend] = [`v${video}_hero`, `v${video}_friend`];
  const portraits = [hero, friend].map((key, position) => ({
    key,
    role: 'character' as const,
    prompt: `${label(video, position)}, seen from the side on a plain ground.`,
    characters: [key],
  }));
  const places = Array.from({ length: IMAGES - portraits.length }, (_, index) => ({
    key: place(video, index),
    role: 'environment' as const,
    prompt: `${label(video, index + portraits.length)}, a wide view.`,
    characters: index === IMAGES - portraits.length - 1 ? [hero] : [],
  }));
  return {
    research: ['Nothing of this is known.'],
    title: titleOf(video),
    description: 'A video of the benchmark.',
    tags: ['benchmark'],
    characters: [
      { key: hero, description: 'A grey whale' },
      { key: friend, description: 'A white gull' },
    ],
    images: [...portraits, ...places],
    scenes: Array.from({ length: SCENES }, (_, scene) => ({
      narration: `${label(video, scene)} ${Array.from({ length: isLong(seed, video, scene) ? WORDS.long : WORDS.short }, () => 'word').join(' ')}.`,
      layout: 'full_frame' as const,
      images: [place(video, scene)],
      motion: `${label(video, scene)}, a slow pan.`,
      effect: `${label(video, scene)}, wind.`,
      chapter: '',
    })),
  };
}
