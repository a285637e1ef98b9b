import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { beside } from './atomic-file.js';
import { ffmpeg } from './ffmpeg.js';
import { inParallel } from './parallel.js';
import { readPicture, type Raster } from './picture.js';
import { damaged, durationOf, unusable } from './probe.js';
import { COLORS, drawSheet, gridOf, type Cell, type SheetOptions } from './sheet.js';

/** Pictures that are read, and tools that run, at once. */
const AT_ONCE = 2;
const WIDESCREEN = 16 / 9;
/** What stands between the frames of one clip (px). */
const FRAME_GAP = 4;
/** About how much of a cut each of its frames stands for (s), and how many there are at least and at most. */
const CUT_FRAMES = { every: 5, fewest: 4, most: 24 };
/** Frames that no other frame needs are left out of decoding: most of them, and none is missed here. */
const FEW_FRAMES = ['-threads', '1', '-skip_frame', 'noref'];

/** A file and what is said of it in a few words. */
export interface SheetItem {
  path: string;
  label: string;
}

/**
 * One picture of all pictures, each with its number, from 1, and its label. A picture of another shape than 16:9 gets bars. Writes a JPEG of 1600 px
 * width and less than 2 MB.
 * @throws Failure MEDIA_UNUSABLE naming the picture that cannot be read; STOPPED
 */
export async function contactSheet(pictures: readonly SheetItem[], out: string, options: SheetOptions): Promise<void> {
  const grid = gridOf(columnsFor(pictures.length), WIDESCREEN);
  const frame = { ...grid, fit: 'contain', background: 'black' } as const;
  const read = ({ path }: SheetItem) =>
    readPicture(path, (image) => image.resize(grid.width, grid.height, frame).flatten({ background: 'black' }).toColourspace('srgb'));
  const rasters = await inParallel(pictures, AT_ONCE, read, options.signal);
  const cells = rasters.map((picture, index) => ({ picture, badge: String(index + 1), label: pictures[index]?.label ?? '' }));
  await drawSheet(cells, out, grid, options);
}

function columnsFor(count: number): number {
  if (count <= 4) return 2;
  if (count <= 9) return 3;
  return count <= 24 ? 4 : 6;
}

/**
 * One picture of all clips: of each the first, the middle and the last frame, with its number, from 1, its label and its length. Writes a JPEG as
 * `contactSheet` does.
 * @throws Failure MEDIA_UNUSABLE naming the clip that cannot be read; STOPPED
 */
export async function clipSheet(clips: readonly SheetItem[], out: string, options: SheetOptions): Promise<void> {
  const columns = clips.length <= 6 ? 1 : 2;
  const { width } = gridOf(columns, 1);
  const frame = { width: Math.floor((width - 2 * FRAME_GAP) / 3), height: 0 };
  frame.height = Math.round(frame.width / WIDESCREEN);
  const grid = { columns, width: 3 * frame.width + 2 * FRAME_GAP, height: frame.height };
  await beside(out, async (folder) => {
    const show = async ([index, { path, label }]: [number, SheetItem], signal: AbortSignal): Promise<Cell & { durationMs: number }> => {
      const durationMs = await durationOf(path, signal);
      const picture = await rendered(path, join(folder, String(index)), { ...grid, channels: 3 }, signal, (raw) => [
        ...[...FEW_FRAMES, '-t', '1', '-i', path],
        ...[...FEW_FRAMES, '-ss', seconds(durationMs / 2), '-i', path],
        ...['-filter_complex', beginningMiddleEnd(frame), '-map', '[row]', '-frames:v', '1', ...raw],
      ]);
      return { picture, badge: String(index + 1), label, detail: `${(durationMs / 1_000).toFixed(1)} s`, durationMs };
    };
    const cells = await inParallel([...clips.entries()], AT_ONCE, show, options.signal);
    await drawSheet(cells, out, grid, { ...options, summary: clock(sum(cells.map(({ durationMs }) => durationMs))) });
  });
}

/** The first frame of one input, the first and the last of another, side by side. */
function beginningMiddleEnd({ width, height }: { width: number; height: number }): string {
  const gap = `pad=${width + FRAME_GAP}:${height}:0:0:color=${COLORS.ground}`;
  return [
    `[0:v:0]${letterboxed(width, height)},trim=end_frame=1,${gap}[first]`,
    `[1:v:0]${letterboxed(width, height)},split[rest][end]`,
    `[rest]trim=end_frame=1,${gap},setpts=0[middle]`,
    `[end]reverse,trim=end_frame=1,setpts=0[last]`,
    '[first][middle][last]hstack=inputs=3[row]',
  ].join(';');
}

/**
 * One picture of a cut: frames from all of it, evenly spaced, each with the time at which it is seen, and how long the cut is. Writes a JPEG as
 * `contactSheet` does.
 * @throws Failure MEDIA_UNUSABLE naming the cut when it cannot be read; STOPPED
 */
export async function cutSheet(cut: string, out: string, options: SheetOptions): Promise<void> {
  const durationMs = await durationOf(cut, options.signal);
  const count = Math.min(CUT_FRAMES.most, Math.max(CUT_FRAMES.fewest, Math.round(durationMs / 1_000 / CUT_FRAMES.every)));
  const times = Array.from({ length: count }, (_, index) => ((index + 0.5) * durationMs) / count);
  const grid = gridOf(columnsFor(count), WIDESCREEN);
  await beside(out, async (folder) => {
    const show = async (atMs: number, signal: AbortSignal): Promise<Cell> => {
      const picture = await rendered(cut, join(folder, seconds(atMs)), { ...grid, channels: 3 }, signal, (raw) => [
        ...[...FEW_FRAMES, '-ss', seconds(atMs), '-i', cut, '-map', '0:v:0'],
        ...['-vf', letterboxed(grid.width, grid.height), '-frames:v', '1', ...raw],
      ]);
      return { picture, badge: clock(atMs) };
    };
    const cells = await inParallel(times, AT_ONCE, show, options.signal);
    await drawSheet(cells, out, grid, { ...options, summary: clock(durationMs) });
  });
}

/**
 * One picture of all narrations: of each its wave, as long as it lasts in proportion to the others, with its number, from 1, its text's first words
 * (the label) and its length. Writes a JPEG as `contactSheet` does.
 * @throws Failure MEDIA_UNUSABLE naming the narration that cannot be read; STOPPED
 */
export async function narrationSheet(narrations: readonly SheetItem[], out: string, options: SheetOptions): Promise<void> {
  const grid = { ...gridOf(2, 1), height: 96 };
  const left = 64;
  const durations = await inParallel(narrations, AT_ONCE, ({ path }, signal) => durationOf(path, signal), options.signal);
  const longestMs = Math.max(...durations);
  await beside(out, async (folder) => {
    const show = async ([index, { path, label }]: [number, SheetItem], signal: AbortSignal): Promise<Cell> => {
      const durationMs = durations[index] ?? 0;
      const width = Math.max(2, Math.round(((grid.width - left) * durationMs) / longestMs));
      const wave = `aformat=channel_layouts=mono,showwavespic=size=${width}x${grid.height}:colors=${COLORS.accent}:scale=sqrt`;
      const panel = `color=${COLORS.panel}:size=${grid.width}x${grid.height}:rate=1:duration=1`;
      const picture = await rendered(path, join(folder, String(index)), { ...grid, channels: 3 }, signal, (raw) => [
        ...['-i', path, '-filter_complex', `[0:a:0]${wave}[wave];${panel}[panel];[panel][wave]overlay=x=${left}[row]`],
        ...['-map', '[row]', '-frames:v', '1', ...raw],
      ]);
      return { picture, badge: String(index + 1), label, detail: `${(durationMs / 1_000).toFixed(1)} s` };
    };
    const cells = await inParallel([...narrations.entries()], AT_ONCE, show, options.signal);
    await drawSheet(cells, out, grid, { ...options, summary: clock(sum(durations)) });
  });
}

const letterboxed = (width: number, height: number) =>
  `scale=${width}:${height}:force_original_aspect_ratio=decrease,pad=${width}:${height}:-1:-1,setsar=1`;

/**
 * What ffmpeg draws from a file, as pixels.
 * @param args ffmpeg's arguments, given those that say where and in which form the picture is written
 */
async function rendered(
  path: string,
  scratch: string,
  { width, height, channels }: { width: number; height: number; channels: 3 },
  signal: AbortSignal,
  args: (output: string[]) => string[],
): Promise<Raster> {
  const output = ['-pix_fmt', 'rgb24', '-f', 'rawvideo', scratch];
  await ffmpeg(['-filter_threads', '1', ...args(output)], { signal }).catch((error: unknown) => {
    throw damaged(path, error);
  });
  const data = await readFile(scratch);
  await rm(scratch);
  if (data.length !== width * height * channels) throw unusable(path, 'it ends too early');
  return { data, info: { width, height, channels } };
}

const seconds = (ms: number) => (ms / 1_000).toFixed(3);
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

/** Whole minutes and seconds, as players show them: `1:05`. */
function clock(ms: number): string {
  const whole = Math.floor(ms / 1_000);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
