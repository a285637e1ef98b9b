import type { VideoEncoder } from '#pipeline';
import { ffmpeg } from '../ffmpeg.js';

/** Frames from one whole picture to the next (s), so that players can jump there. */
const WHOLE_PICTURE_EVERY = 2;

interface Settings {
  /** What stands before the inputs. */
  readonly device: readonly string[];
  /** The last filter: brings frames to where they are encoded. */
  readonly upload: string;
  readonly quality: readonly string[];
}

/** How each draws at about the same quality. */
const SETTINGS: Readonly<Record<VideoEncoder, Settings>> = {
  libx264: software(['-preset', 'veryfast', '-crf', '20']),
  h264_nvenc: software(['-preset', 'p5', '-rc', 'vbr', '-cq', '21', '-b:v', '0']),
  h264_qsv: software(['-preset', 'medium', '-global_quality', '21']),
  h264_vaapi: { device: ['-vaapi_device', '/dev/dri/renderD128'], upload: 'format=nv12,hwupload', quality: ['-qp', '21'] },
  h264_videotoolbox: software(['-q:v', '65']),
};

/** Takes frames from where FFmpeg's filters leave them. */
function software(quality: readonly string[]): Settings {
  return { device: [], upload: 'format=yuv420p', quality };
}

/** The one that is always there. */
export const SOFTWARE: VideoEncoder = 'libx264';
/** Frames that x264 looks ahead. Each that waits inside of it takes 7 MB at 1920x1080, and more of them make no smaller files here. */
const LOOKAHEAD = 4;
/** Frames that may wait between x264's looking ahead and its encoding: with fewer it waits itself, and each takes 10 MB. */
const READY_FRAMES = 3;

/** How the pictures of one cut are encoded, all alike, so that they can follow each other in one stream. */
export interface Encoding {
  encoder: VideoEncoder;
  framesPerSecond: number;
  /** Units a second of the times in its files. */
  timeBase: number;
}

/** Whether this machine can use an encoder: it is tried, for what FFmpeg lists need not work. */
export async function encoderWorks(encoder: VideoEncoder, signal?: AbortSignal): Promise<boolean> {
  if (encoder === SOFTWARE) return true;
  const { device, upload, quality } = SETTINGS[encoder];
  const source = ['-f', 'lavfi', '-i', 'color=s=256x256:r=24:d=0.2'];
  return ffmpeg([...device, ...source, '-vf', upload, '-c:v', encoder, ...quality, '-f', 'null', '-'], signal && { signal }).then(
    () => true,
    () => false,
  );
}

export const deviceOf = ({ encoder }: Encoding): readonly string[] => SETTINGS[encoder].device;

export const uploadOf = ({ encoder }: Encoding): string => SETTINGS[encoder].upload;

/** What stands before the output; `threads` is how many may work on it, `isStill` says that all frames are the same. */
export function encodingOf({ encoder, framesPerSecond, timeBase }: Encoding, threads: number, isStill: boolean): string[] {
  const lookahead = isStill ? 'rc-lookahead=0:mbtree=0:bframes=0' : `rc-lookahead=${LOOKAHEAD}:sync-lookahead=${READY_FRAMES}`;
  return [
    ...['-c:v', encoder, ...SETTINGS[encoder].quality, '-profile:v', 'high', '-g', String(WHOLE_PICTURE_EVERY * framesPerSecond)],
    ...(encoder === SOFTWARE ? ['-x264-params', `threads=${threads}:${lookahead}`] : []),
    ...['-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709', '-color_range', 'tv'],
    // What the filters leave is what is wanted: no frame doubled, none dropped.
    ...['-fps_mode', 'passthrough', '-video_track_timescale', String(timeBase), '-an', '-map_metadata', '-1', '-f', 'mp4'],
  ];
}
