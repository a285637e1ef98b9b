import { open } from 'node:fs/promises';
import { ffmpeg } from '../ffmpeg.js';
import { blame } from '../probe.js';
import { BLOCK, CHANNELS, MOMENT_BYTES, SAMPLE_RATE } from './form.js';
import type { Stretch } from './levels.js';

/** All sound in the form in which it is mixed; filters cannot agree on one by themselves. */
const FORM = `aresample=${SAMPLE_RATE},aformat=sample_fmts=flt:channel_layouts=stereo`;
/** Blocks that are read at once: two seconds, less than a megabyte. */
const READ_BLOCKS = 20;

/** A sound and where it is heard; what lasts longer is cut off there. */
export interface Placed extends Stretch {
  file: string;
  /** Begins again until its stretch is over. */
  loop?: boolean;
  /** How long it takes to come and to go (s). */
  fade?: { in: number; out: number };
}

/**
 * Decodes sounds into one file of raw samples in which each lies at its place and nothing else is heard.
 * @param sounds in order, none beginning before the one before has ended
 * @param moments how long the whole is (samples of a channel)
 * @throws Failure MEDIA_UNUSABLE naming the sound that cannot be decoded; STOPPED
 */
export async function writeStem(sounds: readonly Placed[], moments: number, out: string, signal?: AbortSignal): Promise<void> {
  const inputs = sounds.flatMap(({ file, loop }) => [...(loop ? ['-stream_loop', '-1'] : []), '-i', file]);
  const graph = ['-filter_complex', stemGraph(sounds, moments), '-map', '[stem]'];
  // Music comes from anywhere, and its files have odd bytes that every player passes over; in what was made for the cut an error is damage.
  const strict = sounds.some(({ loop }) => loop) ? [] : ['-xerror'];
  await ffmpeg([...strict, ...inputs, ...graph, '-f', 'f32le', out], signal && { signal }).catch((error: unknown) =>
    blame(
      sounds.map(({ file }) => file),
      '0:a:0',
      error,
      signal,
    ),
  );
}

function stemGraph(sounds: readonly Placed[], moments: number): string {
  const chains: string[] = [];
  const order: string[] = [];
  const silence = (length: number) => {
    if (length <= 0) return;
    const label = `[s${order.length}]`;
    chains.push(`anullsrc=r=${SAMPLE_RATE}:cl=stereo,aformat=sample_fmts=flt,atrim=end_sample=${length}${label}`);
    order.push(label);
  };
  let at = 0;
  sounds.forEach(({ from, to, fade }, index) => {
    silence(from - at);
    const label = `[s${order.length}]`;
    const length = to - from;
    const seconds = length / SAMPLE_RATE;
    const fades = fade ? `,afade=t=in:d=${fade.in},afade=t=out:st=${Math.max(0, seconds - fade.out).toFixed(4)}:d=${fade.out}` : '';
    chains.push(`[${index}:a:0]${FORM},apad=whole_len=${length},atrim=end_sample=${length},asetpts=N/SR/TB${fades}${label}`);
    order.push(label);
    at = to;
  });
  silence(moments - at);
  return [...chains, `${order.join('')}concat=n=${order.length}:v=0:a=1[stem]`].join(';');
}

/** A stem's samples, a block of 100 ms at a time; the last one may be shorter. A block is only good until the next one is asked for. */
export async function* blocksOfStem(path: string): AsyncGenerator<Float32Array> {
  const file = await open(path, 'r');
  try {
    const bytes = new Uint8Array(READ_BLOCKS * BLOCK * MOMENT_BYTES);
    for (;;) {
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await file.read(bytes, filled, bytes.length - filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      const samples = new Float32Array(bytes.buffer, 0, filled / Float32Array.BYTES_PER_ELEMENT);
      for (let from = 0; from < samples.length; from += BLOCK * CHANNELS) yield samples.subarray(from, from + BLOCK * CHANNELS);
      if (filled < bytes.length) return;
    }
  } finally {
    await file.close();
  }
}
