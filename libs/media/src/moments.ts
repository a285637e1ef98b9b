import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { beside } from './atomic-file.js';
import { ffmpeg, ffprobe, throwIfStopped } from './ffmpeg.js';
import { damaged, durationOf, unusable } from './probe.js';

/** How a frame is looked at (px), and the coarse picture by which two are compared. */
const LOOK = { width: 320, height: 180 };
const COARSE = { columns: 16, rows: 9 };
/** A close look at a video is one at so many frames a second, but at no more than so many frames. */
const CLOSE = { perSecond: 4, frames: 800 };
/** Calm frames that there are to be in a part of the video, or it is looked at closely. */
const FEWEST = 4;
/** How unlike (0 to 255, on average) two frames in a row are when something else is shown between them, and when two have nothing in common. */
const ANOTHER_SCENE = 22;
const NOTHING_ALIKE = 45;
/** How long after a scene has begun, and before it is seen that another has (s), a frame is taken: what is just coming or going looks like an accident. */
const CALM = { after: 0.4, before: 0.65 };
/** How much likeness to what is chosen already speaks against a frame; merit goes from 0 to 1, too. */
const LIKENESS = 0.8;

/** A frame of a video as it was looked at. */
interface Look {
  atSeconds: number;
  /** 0 to 1. */
  merit: number;
  coarse: Float32Array;
}

/** Which of a video's good moments is wanted. */
export interface MomentChoice {
  /** The video is looked at in so many parts of equal length, and one moment is chosen in each. */
  parts: number;
  /** From 0. */
  part: number;
  /** From 0: how many moments of the part were not wanted before. */
  again: number;
}

/**
 * A moment at which a video is worth looking at (s): sharp, light, rich in contrast and colour, not where scenes change, and unlike those that are chosen in the other parts.
 * The same video gives the same moments.
 * @param scratch a file beside which there is room to work
 * @throws Failure MEDIA_UNUSABLE naming the video that cannot be read; STOPPED
 */
export async function goodMoment(video: string, choice: MomentChoice, scratch: string, signal?: AbortSignal): Promise<number> {
  const duration = (await durationOf(video, signal)) / 1_000;
  let looks = await lookAtKeyframes(video, scratch, signal);
  const calm = () => inParts(calmOf(looks, duration), duration, choice.parts);
  if (calm().some(({ length }) => length < FEWEST)) looks = await lookClosely(video, duration, scratch, signal);
  const all = inParts(looks, duration, choice.parts);
  // Where it is calm nowhere, any frame will do.
  const parts = calm().map((part, index) => [part, all[index] ?? []].find(({ length }) => length > 0) ?? looks);
  const first: Look[] = [];
  for (const part of parts) first.push(...best(part, first));
  const [own, taken] = [parts[choice.part] ?? [], [...first]];
  let moment = first[choice.part];
  // When every one was refused it begins anew.
  for (let refused = choice.again % own.length; refused > 0; refused -= 1) {
    const [next] = best(
      own.filter((look) => !taken.includes(look)),
      taken,
    );
    if (!next) break;
    taken.push((moment = next));
  }
  if (!moment) throw unusable(video, 'it has no frame');
  return moment.atSeconds;
}

/** The frame of the greatest merit that is not like one of the others; none of none. */
function best(looks: readonly Look[], others: readonly Look[]): Look[] {
  const worths = looks.map(({ merit, coarse }) => merit - LIKENESS * Math.max(0, ...others.map((other) => likeness(coarse, other.coarse))));
  const greatest = worths.indexOf(Math.max(...worths));
  return looks.filter((_, index) => index === greatest);
}

const likeness = (one: Float32Array, other: Float32Array) => Math.max(0, 1 - difference(one, other) / NOTHING_ALIKE);

function difference(one: Float32Array, other: Float32Array): number {
  return one.reduce((sum, value, index) => sum + Math.abs(value - (other[index] ?? 0)), 0) / one.length;
}

/** The frames around which nothing changes. */
function calmOf(looks: readonly Look[], duration: number): Look[] {
  const changes = looks.filter(({ coarse }, index) => difference(coarse, looks[index - 1]?.coarse ?? coarse) >= ANOTHER_SCENE);
  const cuts = [0, ...changes.map(({ atSeconds }) => atSeconds), duration];
  return looks.filter(({ atSeconds }) => cuts.every((cut) => atSeconds > cut + CALM.after || atSeconds < cut - CALM.before));
}

function inParts(looks: readonly Look[], duration: number, parts: number): (readonly Look[])[] {
  return Array.from({ length: parts }, (_, part) =>
    looks.filter(({ atSeconds }) => Math.min(parts - 1, Math.floor((atSeconds / duration) * parts)) === part),
  );
}

/** The frames that can be had without decoding the others, as a cut of ours has them every 2 s: a twentieth of the work. */
async function lookAtKeyframes(video: string, scratch: string, signal?: AbortSignal): Promise<Look[]> {
  const listed = await ffprobe(['-select_streams', 'v:0', '-show_entries', 'packet=pts_time,flags', '-of', 'csv=p=0', video], signal);
  const times = listed.split('\n').flatMap((line) => (line.includes(',K') ? [Number.parseFloat(line)] : []));
  const judgements = await look(video, ['-skip_frame', 'nokey'], [], scratch, signal);
  return judgements.flatMap((judgement, index) => {
    const atSeconds = times[index];
    return atSeconds === undefined || Number.isNaN(atSeconds) ? [] : [{ ...judgement, atSeconds }];
  });
}

async function lookClosely(video: string, duration: number, scratch: string, signal?: AbortSignal): Promise<Look[]> {
  const perSecond = Math.min(CLOSE.perSecond, CLOSE.frames / duration);
  // Frames that no other needs are left out of decoding: half of the work, and none is missed.
  const judgements = await look(video, ['-skip_frame', 'noref'], [`fps=${perSecond.toFixed(4)}:start_time=0`], scratch, signal);
  return judgements.map((judgement, index) => ({ ...judgement, atSeconds: Math.min(index / perSecond, duration) }));
}

async function look(
  video: string,
  decoding: string[],
  filters: string[],
  scratch: string,
  signal?: AbortSignal,
): Promise<Omit<Look, 'atSeconds'>[]> {
  const { width, height } = LOOK;
  // Each frame once: with times of their own, the encoder would repeat some to fill the gaps.
  const filter = [...filters, `scale=${width}:${height}:flags=fast_bilinear`, 'settb=1/25', 'setpts=N'].join();
  return beside(scratch, async (folder) => {
    const raw = join(folder, 'frames');
    await ffmpeg(
      [
        ...['-threads', '2', ...decoding, '-i', video, '-map', '0:v:0', '-r', '25'],
        ...['-vf', filter, '-pix_fmt', 'rgb24', '-f', 'rawvideo', raw],
      ],
      signal && { signal },
    ).catch((error: unknown) => {
      throw damaged(video, error);
    });
    const file = await open(raw);
    try {
      const judgements: Omit<Look, 'atSeconds'>[] = [];
      const frame = Buffer.alloc(width * height * 3);
      while ((await file.read(frame, 0, frame.length)).bytesRead === frame.length) {
        throwIfStopped(signal);
        judgements.push(judged(frame));
      }
      return judgements;
    } finally {
      await file.close();
    }
  });
}

/** What a frame is worth, by what can be measured of it. */
function judged(rgb: Buffer): Omit<Look, 'atSeconds'> {
  const { width, height } = LOOK;
  const count = width * height;
  const light = new Float32Array(count);
  const coarse = new Float32Array(COARSE.columns * COARSE.rows * 3);
  const sums = { light: 0, light2: 0, redGreen: 0, redGreen2: 0, yellowBlue: 0, yellowBlue2: 0, edges: 0 };
  for (let pixel = 0; pixel < count; pixel += 1) {
    const red = rgb[pixel * 3] ?? 0;
    const green = rgb[pixel * 3 + 1] ?? 0;
    const blue = rgb[pixel * 3 + 2] ?? 0;
    const luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    light[pixel] = luma;
    const redGreen = red - green;
    const yellowBlue = (red + green) / 2 - blue;
    sums.light += luma;
    sums.light2 += luma * luma;
    sums.redGreen += redGreen;
    sums.redGreen2 += redGreen * redGreen;
    sums.yellowBlue += yellowBlue;
    sums.yellowBlue2 += yellowBlue * yellowBlue;
    const column = Math.floor(((pixel % width) * COARSE.columns) / width);
    const cell = (Math.floor((Math.floor(pixel / width) * COARSE.rows) / height) * COARSE.columns + column) * 3;
    coarse[cell] = (coarse[cell] ?? 0) + red;
    coarse[cell + 1] = (coarse[cell + 1] ?? 0) + green;
    coarse[cell + 2] = (coarse[cell + 2] ?? 0) + blue;
  }
  for (let y = 1; y < height - 1; y += 1) {
    for (let pixel = y * width + 1; pixel < (y + 1) * width - 1; pixel += 1) {
      const around = (light[pixel - 1] ?? 0) + (light[pixel + 1] ?? 0) + (light[pixel - width] ?? 0) + (light[pixel + width] ?? 0);
      sums.edges += Math.abs(4 * (light[pixel] ?? 0) - around);
    }
  }
  const mean = sums.light / count;
  const deviation = (sum: number, squares: number) => Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2));
  // How far the colours are apart, and from grey: the measure of Hasler and Süsstrunk.
  const spread = Math.hypot(deviation(sums.redGreen, sums.redGreen2), deviation(sums.yellowBlue, sums.yellowBlue2));
  const colour = spread + 0.3 * Math.hypot(sums.redGreen / count, sums.yellowBlue / count);
  const edges = sums.edges / count;
  const sharpness = edges / (edges + 8);
  const contrast = Math.min(1, deviation(sums.light, sums.light2) / 64);
  // Neither night nor fog: full between a third and two thirds of the scale, nothing at its ends.
  const exposure = Math.max(0, Math.min(1, (mean - 10) / 75, (250 - mean) / 75));
  const perCell = count / (COARSE.columns * COARSE.rows);
  return {
    merit: exposure * (0.4 * sharpness + 0.3 * contrast + 0.3 * Math.min(1, colour / 70)),
    coarse: coarse.map((sum) => sum / perCell),
  };
}
