import { SHAPES, inSeconds, passage, type Finding } from '#pipeline';
import { LOUDNESS, LOUDNESS_TOLERANCE, TRUE_PEAK } from '../sound/mix.js';
import type { Measured } from '../sound/measure.js';
import type { Clips } from './clip.js';
import { timeline, type Manifest } from './manifest.js';
import { HOLD, framesAt } from './plan.js';

/** The longest that YouTube takes for a Short (s); since October 2024. */
const LONGEST_SHORT = 180;

/**
 * What a person should know of a cut before deciding: it is as was planned, and the plan could only make of the files what they gave. Making it again
 * would change nothing, so none is grave.
 */
export function findingsOf(manifest: Manifest, clips: Clips, { loudness, peak, silences }: Measured): Finding[] {
  const { frames_per_second: rate, width, height } = manifest;
  const ms = (frames: number) => Math.round((frames * 1_000) / rate);
  const { scenes, frames } = timeline(manifest);
  const held = manifest.scenes.flatMap(({ clip, slowed = 1 }, index) => {
    const [passed, own] = [scenes[index], Math.floor(framesAt(rate, clips.get(clip)) * slowed)];
    if (!passed || passed.frames - own <= HOLD * rate + 1) return [];
    return [
      passage(
        'held',
        `Scene ${index + 1}: the last frame of its clip is held`,
        [ms(passed.from + own), ms(passed.from + passed.frames)],
        false,
      ),
    ];
  });
  const silent = silences.map((span) => passage('silent', 'Silent', span, false));
  const isOff = Number.isFinite(loudness) && (Math.abs(loudness - LOUDNESS) > LOUDNESS_TOLERANCE || peak > TRUE_PEAK);
  const off: Finding = {
    code: 'loudness',
    message: `At ${loudness} LUFS with a peak of ${peak} dBTP, not at ${LOUDNESS} below ${TRUE_PEAK}`,
    grave: false,
  };
  const isLong = width === SHAPES.portrait.width && height === SHAPES.portrait.height && frames > LONGEST_SHORT * rate;
  const long: Finding = {
    code: 'length',
    message: `Upright and ${inSeconds(ms(frames))} s long: YouTube takes up to ${LONGEST_SHORT} s for a Short`,
    grave: false,
  };
  return [...held, ...silent, ...(isOff ? [off] : []), ...(isLong ? [long] : [])];
}
