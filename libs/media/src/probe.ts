import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { Failure, parse, permanent } from '#pipeline';
import { Type } from 'class-transformer';
import { IsArray, IsDefined, IsInt, IsNumberString, IsOptional, IsString, ValidateNested } from 'class-validator';
import { MEDIA_UNUSABLE, ffmpeg, ffprobe } from './ffmpeg.js';

type MediaKind = 'image' | 'video' | 'audio';

export interface MediaInfo {
  kind: MediaKind;
  /** Pixels; null for sound. */
  width: number | null;
  height: number | null;
  /** Null for pictures. */
  durationMs: number | null;
  /** Frames a second, as ffprobe writes it: `24/1`. Null for pictures and sound. */
  frameRate: string | null;
  videoCodec: string | null;
  audioCodec: string | null;
}

/** What a file has to be. */
export interface MediaExpectation {
  kind: MediaKind;
  width?: number;
  height?: number;
  minDurationMs?: number;
}

class ProbeStream {
  @IsString()
  codec_type: string;

  @IsOptional()
  @IsString()
  codec_name?: string;

  @IsOptional()
  @IsInt()
  width?: number;

  @IsOptional()
  @IsInt()
  height?: number;

  @IsOptional()
  @IsString()
  avg_frame_rate?: string;
}

class ProbeFormat {
  @IsString()
  format_name: string;

  @IsOptional()
  @IsNumberString()
  duration?: string;
}

class ProbeAnswer {
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => ProbeStream)
  streams: ProbeStream[];

  @ValidateNested()
  @Type(() => ProbeFormat)
  @IsDefined()
  format: ProbeFormat;
}

/** Formats in which a "video" stream is one still picture. */
const STILL_FORMATS = ['png_pipe', 'jpeg_pipe', 'webp_pipe', 'image2'];

/**
 * What a media file is, by ffprobe.
 * @throws Failure MEDIA_UNUSABLE when it is none
 */
export async function probe(path: string, signal?: AbortSignal): Promise<MediaInfo> {
  const answer = parse(ProbeAnswer, JSON.parse(await ffprobe(['-show_streams', '-show_format', '-of', 'json', path], signal)));
  if (!answer.ok) throw unusable(path, 'ffprobe does not know what it is');
  const { streams, format } = answer.value;
  const video = streams.find(({ codec_type }) => codec_type === 'video');
  const audio = streams.find(({ codec_type }) => codec_type === 'audio');
  if (!video && !audio) throw unusable(path, 'it holds neither picture nor sound');
  const still = STILL_FORMATS.includes(format.format_name);
  const kind: MediaKind = video ? (still ? 'image' : 'video') : 'audio';
  return {
    kind,
    width: video?.width ?? null,
    height: video?.height ?? null,
    durationMs: still || format.duration === undefined ? null : Math.round(Number(format.duration) * 1_000),
    frameRate: kind === 'video' ? (video?.avg_frame_rate ?? null) : null,
    videoCodec: video?.codec_name ?? null,
    audioCodec: audio?.codec_name ?? null,
  };
}

/**
 * How long a video or a sound is (ms).
 * @throws Failure MEDIA_UNUSABLE naming the file when it cannot be read or has no length
 */
export async function durationOf(path: string, signal?: AbortSignal): Promise<number> {
  const { durationMs } = await probe(path, signal).catch((error: unknown) => {
    throw damaged(path, error);
  });
  if (!durationMs) throw unusable(path, 'it has no length');
  return durationMs;
}

/**
 * What a media file is, when it is what it has to be.
 * @throws Failure MEDIA_UNUSABLE naming the file and what is wrong with it
 */
export async function expectMedia(path: string, expected: MediaExpectation, signal?: AbortSignal): Promise<MediaInfo> {
  const found = await stat(path).catch(() => null);
  if (!found) throw unusable(path, 'it was not written');
  if (found.size === 0) throw unusable(path, 'it is empty');
  const media = await probe(path, signal).catch((error: unknown) => {
    throw damaged(path, error);
  });
  const { kind, width, height, minDurationMs } = expected;
  // By its ending alone, ffprobe takes any file for a picture, one of no size.
  if (media.kind !== 'audio' && !(media.width && media.height)) throw unusable(path, 'it holds no picture');
  if (media.kind !== kind) throw unusable(path, `it is ${media.kind}, not ${kind}`);
  if ((width && media.width !== width) || (height && media.height !== height)) {
    throw unusable(path, `it is ${media.width}x${media.height}, not ${width}x${height}`);
  }
  if (minDurationMs !== undefined && (media.durationMs ?? 0) < minDurationMs) {
    throw unusable(path, `it lasts ${media.durationMs ?? 0} ms, less than ${minDurationMs} ms`);
  }
  await readThrough(path, kind, signal);
  return media;
}

/**
 * A header can promise what the rest of a cut-off file no longer holds. Pictures are decoded; of sound and video it is enough, and cheap,
 * to read the packets.
 */
async function readThrough(path: string, kind: MediaKind, signal?: AbortSignal): Promise<void> {
  const copy = kind === 'image' ? [] : ['-c', 'copy'];
  await ffmpeg(['-xerror', '-i', path, '-map', '0:v?', '-map', '0:a?', ...copy, '-f', 'null', '-'], signal && { signal }).catch(
    (error: unknown) => {
      throw damaged(path, error);
    },
  );
}

/** A tool's failure with a file, naming the file; other failures as they are. */
export function damaged(path: string, error: unknown): Failure {
  const failure = Failure.from(error);
  return failure.code === MEDIA_UNUSABLE ? unusable(path, 'it is damaged or cut off', failure) : failure;
}

/**
 * Of several files that FFmpeg has failed with the one that is damaged, if it is one: each is decoded alone. Always throws.
 * @param stream which of a file's streams counts: `0:v:0`
 * @throws Failure MEDIA_UNUSABLE naming the file, or what was thrown before
 */
export async function blame(files: readonly string[], stream: string, error: unknown, signal?: AbortSignal): Promise<never> {
  if (Failure.from(error).code === MEDIA_UNUSABLE) {
    for (const file of new Set(files)) {
      await ffmpeg(['-xerror', '-i', file, '-map', stream, '-f', 'null', '-'], signal && { signal }).catch((own: unknown) => {
        throw damaged(file, own);
      });
    }
  }
  throw error;
}

/** A file that cannot be used, and why. */
export function unusable(path: string, why: string, cause?: Failure): Failure {
  return permanent({
    code: MEDIA_UNUSABLE,
    message: `${path}: ${why}${cause ? ` (${cause.message})` : ''}`,
    userMessage: `The file ${basename(path).replace(/^(\.[0-9a-f-]{36}\.)+/, '')} cannot be used: ${why}. Ask for the item to be made again.`,
  });
}
