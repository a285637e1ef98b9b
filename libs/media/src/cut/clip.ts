import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { parse } from '#pipeline';
import { Type } from 'class-transformer';
import { IsArray, IsInt, IsNumberString, IsOptional, IsString, Matches, Min, ValidateNested } from 'class-validator';
import { ffprobe } from '../ffmpeg.js';
import { inParallel } from '../parallel.js';
import { damaged, unusable } from '../probe.js';
import { readIndex, type PictureIndex } from './mp4.js';

/** A clip as the cut sees it. */
export interface Clip {
  path: string;
  width: number;
  height: number;
  /** Frames a second; a fraction where it is one. */
  rate: number;
  durationMs: number;
  /** All its frames, at its own rate. */
  frames: number;
  /** How it could be copied as it is; null when it has to be encoded anew. */
  copy: Copy | null;
}

/** What it takes to copy the first frames of a clip. */
interface Copy {
  /** Clips with the same one can follow each other in one stream. */
  form: string;
  /** Units a second of its times. */
  timeBase: number;
  /** Numbers of frames after which it can be cut without touching one that is needed, ascending. */
  cleanCuts: readonly number[];
  /** When each packet is to be decoded, in order (units). */
  decodedAt: readonly number[];
}

/** Clips by their paths. */
export class Clips {
  constructor(private readonly byPath: ReadonlyMap<string, Clip>) {}

  get(path: string): Clip {
    const clip = this.byPath.get(path);
    if (!clip) throw new Error(`${path} was not read`);
    return clip;
  }
}

/**
 * Reads what clips are made of, without decoding them. The index of an MP4 is enough; FFmpeg is asked once for each form that many share, and for files that are no MP4.
 * @throws Failure MEDIA_UNUSABLE naming the clip that is none; STOPPED
 */
export async function readClips(paths: readonly string[], signal?: AbortSignal): Promise<Clips> {
  const forms = new Map<string, Promise<boolean>>();
  const read = async (path: string): Promise<Clip> => {
    const index = await indexed(path);
    if (!index?.step) return ffmpegsView(path, signal);
    const { width, height, timeBase, step, samples } = index;
    const copy = copyOf(index, step);
    const plain = copy && (forms.get(copy.form) ?? isPlain(path, signal));
    if (copy && plain) forms.set(copy.form, plain);
    const durationMs = Math.round((samples.length * step * 1_000) / timeBase);
    return { path, width, height, rate: timeBase / step, durationMs, frames: samples.length, copy: (await plain) ? copy : null };
  };
  const clips = await inParallel([...new Set(paths)], availableParallelism(), read, signal);
  return new Clips(new Map(clips.map((clip) => [clip.path, clip])));
}

/** The index of an MP4 whose picture is whole; null of other files. */
async function indexed(path: string): Promise<PictureIndex | null> {
  const found = await stat(path).catch(() => null);
  if (!found?.isFile()) throw unusable(path, 'it is not there');
  if (found.size === 0) throw unusable(path, 'it is empty');
  // What it cannot make sense of FFmpeg may, or says what is wrong with it.
  const index = await readIndex(path).catch(() => null);
  if (index && index.picture.end > found.size) throw unusable(path, 'it is damaged or cut off');
  return index?.picture ?? null;
}

/** One whole picture first, then one frame after another from time 0 on, each once and none hidden. */
function copyOf({ width, height, timeBase, samples, decoder, isEdited, isFirst }: PictureIndex, step: number): Copy | null {
  if (decoder === null || isEdited || !isFirst || !samples[0]?.isWhole) return null;
  const cleanCuts: number[] = [];
  const seen = new Set<number>();
  let last = -1;
  for (const { shownAt } of samples) {
    const frame = shownAt / step;
    if (!Number.isInteger(frame)) return null;
    seen.add(frame);
    last = Math.max(last, frame);
    if (last === seen.size - 1) cleanCuts.push(seen.size);
  }
  if (seen.size !== samples.length || last !== samples.length - 1) return null;
  const form = [width, height, timeBase, step, decoder].join(' ');
  return { form, timeBase, cleanCuts, decodedAt: samples.map(({ decodedAt }) => decodedAt) };
}

class StreamRow {
  @IsString()
  codec_name: string;

  @IsInt()
  @Min(1)
  width: number;

  @IsInt()
  @Min(1)
  height: number;

  @Matches(/^\d+\/\d+$/)
  r_frame_rate: string;

  @Matches(/^\d+\/\d+$/)
  avg_frame_rate: string;

  @IsOptional()
  @IsString()
  pix_fmt?: string;

  @IsOptional()
  @IsString()
  field_order?: string;

  @IsOptional()
  @IsString()
  sample_aspect_ratio?: string;

  @IsOptional()
  @IsString()
  color_range?: string;

  @IsOptional()
  @IsNumberString()
  nb_frames?: string;

  @IsOptional()
  @IsNumberString()
  duration?: string;

  @IsOptional()
  @IsArray()
  side_data_list?: unknown[];
}

class FormatRow {
  @IsString()
  format_name: string;

  @IsOptional()
  @IsNumberString()
  duration?: string;
}

class ClipRows {
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => StreamRow)
  streams: StreamRow[];

  @ValidateNested()
  @Type(() => FormatRow)
  format: FormatRow;
}

async function ask(path: string, signal?: AbortSignal): Promise<{ stream: StreamRow; format: FormatRow }> {
  const said = await ffprobe(['-select_streams', 'v:0', '-show_streams', '-show_format', '-of', 'json', path], signal).catch(
    (error: unknown) => {
      throw damaged(path, error);
    },
  );
  const answer = parse(ClipRows, JSON.parse(said));
  const stream = answer.ok ? answer.value.streams[0] : undefined;
  if (!answer.ok || !stream || answer.value.format.format_name.endsWith('_pipe')) throw unusable(path, 'it holds no moving picture');
  return { stream, format: answer.value.format };
}

/** What every player takes: eight bits, no fields, square pixels, not turned. */
async function isPlain(path: string, signal?: AbortSignal): Promise<boolean> {
  const { codec_name, pix_fmt, field_order, sample_aspect_ratio, color_range, side_data_list } = (await ask(path, signal)).stream;
  return (
    codec_name === 'h264' &&
    pix_fmt === 'yuv420p' &&
    [undefined, 'progressive', 'unknown'].includes(field_order) &&
    [undefined, '1:1', 'N/A'].includes(sample_aspect_ratio) &&
    color_range !== 'pc' &&
    (side_data_list ?? []).length === 0
  );
}

/** Of a file that has to be encoded anyway. */
async function ffmpegsView(path: string, signal?: AbortSignal): Promise<Clip> {
  const { stream, format } = await ask(path, signal);
  const rate = ratio(stream.avg_frame_rate) || ratio(stream.r_frame_rate);
  const durationMs = Math.round(Number(stream.duration ?? format.duration ?? 0) * 1_000);
  if (!(rate > 0) || durationMs <= 0) throw unusable(path, 'it holds no moving picture');
  const { width, height } = stream;
  return { path, width, height, rate, durationMs, frames: Number(stream.nb_frames ?? Math.round((durationMs * rate) / 1_000)), copy: null };
}

function ratio(text: string): number {
  const [over = 0, under = 0] = text.split('/').map(Number);
  return under === 0 ? 0 : over / under;
}
