import { permanent } from '#pipeline';
import { ffmpeg, type ToolOptions } from './ffmpeg.js';
import type { Manifest } from './manifest.js';

const SAMPLE_RATE = 48_000;
/** One form for all sound; filters cannot agree on one by themselves. */
const SOUND = `aresample=${SAMPLE_RATE},aformat=sample_fmts=fltp:channel_layouts=stereo`;
/** Sound effects are heard under the voice, not over it. */
const EFFECT_GAIN_DB = -14;
/** How often the picture is whole by itself (s), so that players can jump there, and whoever looks for good moments need not decode the rest. */
const KEYFRAME_EVERY = 2;
/** Seconds over which an effect comes and goes. */
const EFFECT_FADE = 0.15;

/**
 * Renders a manifest in one pass: H.264 and AAC, frame for frame as long as planned, with the index in front so that it plays while it loads.
 * @throws Failure when an input cannot be read, or the result cannot be decoded or has another number of frames than the plan
 */
export async function renderCut(manifest: Manifest, out: string, { signal, onFrame }: ToolOptions = {}): Promise<void> {
  const { scenes, frames_per_second: rate } = manifest;
  // One thread a decoder: all clips are open at once, and each thread of each would hold frames of its own.
  const inputs = scenes.flatMap(({ clip, narration, sound_effect }) => ['-threads', '1', '-i', clip, '-i', narration, '-i', sound_effect]);
  await ffmpeg(
    [
      ...inputs,
      ...['-filter_complex', filterGraph(manifest), '-map', '[video]', '-map', '[audio]'],
      ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '20', '-pix_fmt', 'yuv420p', '-r', String(rate)],
      ...['-g', String(KEYFRAME_EVERY * rate)],
      ...['-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709', '-color_range', 'tv'],
      ...['-c:a', 'aac', '-b:a', '192k', '-ar', String(SAMPLE_RATE), '-ac', '2', '-movflags', '+faststart', out],
    ],
    { ...(signal && { signal }), ...(onFrame && { onFrame }) },
  );
  const planned = scenes.reduce((sum, { frames }) => sum + frames, 0);
  const counted = await framesOf(out, signal);
  if (counted !== planned) {
    throw permanent({
      code: 'CUT_LENGTH_WRONG',
      message: `The cut has ${counted} frames, planned were ${planned}`,
      userMessage: 'The final cut came out with the wrong length. Retry the task; if it stays so, ask for the clips to be made again.',
    });
  }
}

/** The frames of a video, each of which was decoded without an error, as was its sound. */
async function framesOf(video: string, signal?: AbortSignal): Promise<number> {
  let counted = 0;
  const onFrame = (frames: number) => {
    counted = frames;
  };
  await ffmpeg(['-xerror', '-i', video, '-map', '0', '-f', 'null', '-'], { onFrame, ...(signal && { signal }) });
  return counted;
}

/** Every scene's picture and sound brought to the same form and exactly the planned length, then strung together. */
function filterGraph({ scenes, width, height, frames_per_second: rate }: Manifest): string {
  const chains = scenes.flatMap(({ frames }, index) => {
    const [clip, narration, effect] = [3 * index, 3 * index + 1, 3 * index + 2];
    // Whole samples of whole frames: 48000 / 24 = 2000, so sound and picture cannot drift apart.
    const samples = Math.round((frames * SAMPLE_RATE) / rate);
    const seconds = frames / rate;
    const exact = `apad=whole_len=${samples},atrim=end_sample=${samples}`;
    const fadeOut = `afade=t=out:st=${Math.max(0, seconds - EFFECT_FADE).toFixed(3)}:d=${EFFECT_FADE}`;
    return [
      `[${clip}:v:0]fps=${rate},scale=${width}:${height}:force_original_aspect_ratio=decrease,pad=${width}:${height}:-1:-1,setsar=1,` +
        `tpad=stop=-1:stop_mode=clone,trim=end_frame=${frames},setpts=PTS-STARTPTS,format=yuv420p[v${index}]`,
      `[${narration}:a:0]${SOUND},${exact}[n${index}]`,
      `[${effect}:a:0]${SOUND},volume=${EFFECT_GAIN_DB}dB,afade=t=in:d=${EFFECT_FADE},${fadeOut},${exact}[e${index}]`,
      `[n${index}][e${index}]amix=inputs=2:duration=first:normalize=0[a${index}]`,
    ];
  });
  const streams = scenes.map((_, index) => `[v${index}][a${index}]`).join('');
  // One pass brings speech near -14 LUFS; the limiter keeps peaks below -1 dB, also where effect and voice add up.
  const loudness = `loudnorm=I=-14:TP=-1.5:LRA=11,${SOUND},alimiter=limit=0.89:level=false`;
  return [...chains, `${streams}concat=n=${scenes.length}:v=1:a=1[video][mixed]`, `[mixed]${loudness}[audio]`].join(';');
}
