import { timeline, type Manifest } from './manifest.js';
import { readIndex } from './mp4.js';

/**
 * Looks whether a cut is what its manifest says: its size, every frame in its place, sound and picture equally long to less than a frame. Returns what is
 * wrong; null when nothing is.
 */
export async function verify(cut: string, manifest: Manifest): Promise<string | null> {
  const { width, height, frames_per_second: rate } = manifest;
  const planned = timeline(manifest).frames;
  const index = await readIndex(cut);
  if (!index) return 'it is no MP4 with a picture';
  const { picture, soundSeconds } = index;
  if (picture.width !== width || picture.height !== height) return `it is ${picture.width}x${picture.height}, not ${width}x${height}`;
  if (picture.samples.length !== planned) return `it has ${picture.samples.length} frames, planned were ${planned}`;
  const step = picture.timeBase / rate;
  const times = picture.samples.map(({ shownAt }) => shownAt).sort((one, other) => one - other);
  const wrong = times.findIndex((time, index) => time !== index * step);
  if (wrong >= 0) return `frame ${wrong} is at ${times[wrong]}, planned was ${wrong * step}`;
  if (picture.isEdited) return 'an edit list hides a part of it';
  const seconds = planned / rate;
  if (soundSeconds === null || Math.abs(soundSeconds - seconds) >= 1 / rate)
    return `its sound lasts ${soundSeconds ?? 0} s, its picture ${seconds} s`;
  return null;
}
