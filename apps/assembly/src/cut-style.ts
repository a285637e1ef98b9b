import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { CAPTION_FONT, type CutStyle } from '#media';
import type { TaskView } from '#stage';

/** What a channel leaves out. */
const FIT = 'fill';
const WATERMARK = { corner: 'top_right', width: 0.1, opacity: 0.7 } as const;
const CAPTIONS = {
  font: CAPTION_FONT,
  size: 0.06,
  color: '#ffffff',
  highlight: '#ffe14d',
  outline: '#101010',
  position: 'bottom',
} as const;

/**
 * How a video is cut, as its channel wants it.
 * @param brand the folder of what channels put into their videos
 */
export function styleOf(
  { id, channel }: Pick<TaskView, 'id' | 'channel'>,
  size: { width: number; height: number },
  brand: string,
): CutStyle {
  const { fit = FIT, breath_seconds, crossfade_seconds, intro, outro, watermark, music, captions } = channel.cut ?? {};
  const track = music && oneOf(music, id);
  return {
    ...{ ...size, fit, synthetic: channel.youtube.synthetic_media },
    ...(breath_seconds !== undefined && { breathMs: breath_seconds * 1_000 }),
    ...(crossfade_seconds !== undefined && { crossfadeMs: crossfade_seconds * 1_000 }),
    ...(intro && { intro: join(brand, intro) }),
    ...(outro && { outro: join(brand, outro) }),
    ...(watermark && { watermark: { ...WATERMARK, ...watermark, file: join(brand, watermark.file) } }),
    ...(track && { music: join(brand, track) }),
    ...(captions && { captions: { ...CAPTIONS, ...captions } }),
  };
}

/** Always the same one for the same task, and over many tasks each as often as the others. */
function oneOf<T>(choices: readonly T[], taskId: string): T | undefined {
  return choices[createHash('sha256').update(taskId).digest().readUInt32BE(0) % choices.length];
}
