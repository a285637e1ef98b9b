import { ffmpegSays } from '../ffmpeg.js';
import { unusable } from '../probe.js';

/** How loud a file is. */
export interface Measured {
  /** LUFS, integrated (EBU R 128); -Infinity of silence. */
  loudness: number;
  /** dBTP; -Infinity of silence. */
  peak: number;
  /** Where nothing is heard for longer than a pause (ms). */
  silences: [from: number, to: number][];
}

/** Quieter is nothing that anybody hears beneath a film, and so long is no pause (dB, s). */
const SILENT = { below: -50, for: 3 };
/** How ebur128 writes the quietest that it knows. */
const SILENCE = -70;

/**
 * Measures what was written, by FFmpeg's own meter and not by ours.
 * @throws Failure MEDIA_UNUSABLE when the file has no sound that can be decoded
 */
export async function measure(path: string, signal?: AbortSignal): Promise<Measured> {
  const said = await ffmpegSays(
    [
      '-i',
      path,
      '-map',
      '0:a:0',
      '-af',
      `silencedetect=n=${SILENT.below}dB:d=${SILENT.for},ebur128=peak=true:framelog=verbose`,
      '-f',
      'null',
      '-',
    ],
    signal && { signal },
  );
  const [, loudness] = /\bI:\s+(\S+) LUFS/.exec(said) ?? [];
  const [, peak] = /\bPeak:\s+(\S+) dBFS/.exec(said) ?? [];
  if (loudness === undefined || peak === undefined) throw unusable(path, 'its loudness cannot be measured');
  const value = Number(loudness);
  const ends = [...said.matchAll(/silence_end: ([\d.]+) \| silence_duration: ([\d.]+)/g)];
  const silences = ends.map(([, end, length]): [number, number] => {
    const to = Math.round(Number(end) * 1_000);
    return [Math.max(0, to - Math.round(Number(length) * 1_000)), to];
  });
  return { loudness: value <= SILENCE ? -Infinity : value, peak: peak === '-inf' ? -Infinity : Number(peak), silences };
}
