import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ffmpeg, probe } from '#media';
import { execa } from 'execa';

/** Words a minute: calm narration, about 2.3 a second. */
const PACE = 145;

/** MP3 options of an `output_format` such as `mp3_44100_128`; null for a format that the simulator does not make. */
export function mp3Options(outputFormat: string): string[] | null {
  const [, rate, kbits] = /^mp3_(\d+)_(\d+)$/.exec(outputFormat) ?? [];
  return rate && kbits ? ['-ar', rate, '-ac', '1', '-b:a', `${kbits}k`, '-f', 'mp3'] : null;
}

/** A text spoken aloud by espeak-ng, or, if so ordered, only mouthed: as MP3 with its length (s). */
export async function speak(words: string, mp3: string[], silent = false): Promise<{ audio: Buffer; seconds: number }> {
  return inFolder(async (folder) => {
    const [spoken, encoded] = [join(folder, 'spoken.wav'), join(folder, 'spoken.mp3')];
    await execa('espeak-ng', ['-v', 'en-gb', '-s', String(PACE), '-p', '35', '-w', spoken, '--', words]);
    await ffmpeg(['-i', spoken, ...(silent ? MUTE : []), ...mp3, encoded]);
    const [audio, { durationMs }] = await Promise.all([readFile(encoded), probe(encoded)]);
    return { audio, seconds: (durationMs ?? 0) / 1_000 };
  });
}

const MUTE = ['-af', 'volume=0'];

const NOISES: [RegExp, string][] = [
  [/thunder|storm|rain/i, 'anoisesrc=color=pink:amplitude=0.6,lowpass=f=1800,tremolo=f=0.6:d=0.5'],
  [/wave|water|sea|river/i, 'anoisesrc=color=pink:amplitude=0.5,lowpass=f=900,tremolo=f=0.25:d=0.8'],
  [/bird|call|insect|sing/i, "aevalsrc='0.25*sin(2*PI*(1400+500*sin(2*PI*3*t))*t)*gt(sin(2*PI*0.7*t),0.2)'"],
  [/hum|breath|low/i, "aevalsrc='0.4*sin(2*PI*70*t)*(0.6+0.4*sin(2*PI*0.3*t))'"],
  [/./, 'anoisesrc=color=brown:amplitude=0.6,tremolo=f=0.2:d=0.6'],
];

/** A sound that goes with its description, or, if so ordered, none: of exactly that length (s), as MP3. */
export async function effect(description: string, seconds: number, mp3: string[], silent = false): Promise<Buffer> {
  const noise = NOISES.find(([words]) => words.test(description))?.[1] ?? 'anoisesrc';
  return inFolder(async (folder) => {
    const out = join(folder, 'effect.mp3');
    await ffmpeg(['-f', 'lavfi', '-i', noise, '-t', String(seconds), ...(silent ? MUTE : []), ...mp3, out]);
    return readFile(out);
  });
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'voice-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
