import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Failure, permanent } from '#pipeline';
import { writeWhole } from './atomic-file.js';
import { ffmpeg } from './ffmpeg.js';
import { inParallel } from './parallel.js';
import { damaged, durationOf } from './probe.js';

/** What the smallest plan of Notion takes (bytes). */
const LARGEST_FILE = 5 * 1_024 * 1_024;
/** The part of a file that is picture and sound; the rest is the index of its frames, and slips of the encoders. */
const PAYLOAD = 0.92;

/** Of the picture: the rate that is wished for and the least that can be looked at (bit/s), and below which it is drawn smaller. */
const PICTURE = { wished: 900_000, least: 30_000, small: 150_000 };
/** Of the sound (bit/s), and its part of everything. */
const SOUND = { wished: 64_000, least: 24_000, share: 0.18 };
const SIZE = { width: 640, height: 360 };
const SMALL_SIZE = { width: 426, height: 240 };

/** What is heard between two narrations (s). */
const PAUSE = 0.7;
/** Rates of an MP3 (bit/s), the best first. */
const SPEECH_RATES = [64_000, 48_000, 32_000];
const SAMPLE_RATE = 44_100;
/** Files that are looked at at once. */
const AT_ONCE = 2;

/**
 * A small copy of a cut, to be looked at in a browser: an MP4 of at most 640x360, as good as fits into 5 MiB. Leaves the processor to whoever wants it
 * more.
 * @throws Failure MEDIA_UNUSABLE when the cut cannot be read; PREVIEW_TOO_LARGE when it is too long for such a file; STOPPED
 */
export async function cutPreview(cut: string, out: string, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
  const rate = rateFor(await durationOf(cut, signal));
  const sound = between(SOUND.least, rate * SOUND.share, SOUND.wished);
  const picture = Math.min(PICTURE.wished, Math.floor(rate - sound));
  if (picture < PICTURE.least) throw tooLarge(cut);
  const { width, height } = picture < PICTURE.small ? SMALL_SIZE : SIZE;
  // Bits that one scene does not need are no credit for another: the size of the whole is kept without a second pass.
  const held = ['-b:v', String(picture), '-maxrate', String(picture), '-bufsize', String(picture)];
  await writeSmall(cut, out, (temporary) =>
    ffmpeg(
      [
        ...['-threads', '1', '-filter_threads', '1', '-i', cut, '-map', '0:v:0', '-map', '0:a:0?'],
        ...['-vf', `scale=${width}:${height}:force_original_aspect_ratio=decrease:force_divisible_by=2,setsar=1`],
        ...['-c:v', 'libx264', '-preset', 'veryfast', '-threads', '1', '-pix_fmt', 'yuv420p', ...held],
        ...['-c:a', 'aac', '-b:a', String(sound), '-ac', '2', '-map_metadata', '-1', '-movflags', '+faststart', temporary],
      ],
      { background: true, ...(signal && { signal }) },
    ).catch((error: unknown) => {
      throw damaged(cut, error);
    }),
  );
}

/**
 * All narrations one after another with short silences between, to be listened to in one go: an MP3 of less than 5 MiB.
 * @param narrations in the order of their scenes
 * @throws Failure MEDIA_UNUSABLE naming the narration that cannot be read; PREVIEW_TOO_LARGE when they are too long for such a file; STOPPED
 */
export async function joinNarrations(narrations: readonly string[], out: string, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
  const durations = await inParallel(narrations, AT_ONCE, durationOf, signal);
  const lengthMs = durations.reduce((total, durationMs) => total + durationMs + PAUSE * 1_000, 0);
  const [first = ''] = narrations;
  const rate = SPEECH_RATES.find((wished) => wished <= rateFor(lengthMs));
  if (rate === undefined) throw tooLarge(first);
  const form = `aresample=${SAMPLE_RATE},aformat=sample_fmts=fltp:channel_layouts=mono`;
  const last = narrations.length - 1;
  const chains = narrations.map((_, index) => `[${index}:a:0]${form}${index < last ? `,apad=pad_dur=${PAUSE}` : ''}[n${index}]`);
  const joined = `${narrations.map((_, index) => `[n${index}]`).join('')}concat=n=${narrations.length}:v=0:a=1[all]`;
  await writeSmall(first, out, (temporary) =>
    ffmpeg(
      [
        ...narrations.flatMap((path) => ['-i', path]),
        ...['-filter_complex', [...chains, joined].join(';'), '-map', '[all]', '-map_metadata', '-1'],
        ...['-c:a', 'libmp3lame', '-b:a', String(rate), temporary],
      ],
      signal && { signal },
    ),
  );
}

async function writeSmall(source: string, out: string, make: (temporary: string) => Promise<void>): Promise<void> {
  await writeWhole(out, async (temporary) => {
    await make(temporary);
    if ((await stat(temporary)).size > LARGEST_FILE) throw tooLarge(source);
  });
}

function tooLarge(source: string): Failure {
  return permanent({
    code: 'PREVIEW_TOO_LARGE',
    message: `${source}: what it shows does not fit into ${LARGEST_FILE} bytes`,
    userMessage: `The file ${basename(source)} is too long for a preview of 5 MiB. Look at the file itself.`,
  });
}

/** Bits a second that make a file of this length (ms) as large as it may be. */
const rateFor = (lengthMs: number) => (LARGEST_FILE * 8 * PAYLOAD) / (lengthMs / 1_000);

const between = (least: number, value: number, most: number) => Math.round(Math.min(most, Math.max(least, value)));
