import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ffmpeg } from '#media';
import { execa } from 'execa';

/** Scenes of the bench, as of an ordinary video. */
export const SCENES = 18;
/** Frames of each clip, at 24 a second: 6 s. */
export const CLIP_FRAMES = 144;
/** How long a narration is that no clip is long enough for (s). */
const LONG = 6.2;

/** A scene's files. */
export interface Footage {
  clip: string;
  narration: string;
  effect: string;
}

/**
 * Makes what 18 scenes are cut from, unless it is there: clips of 1920x1080 as a provider delivers them (H.264 High, 11 Mbit/s, B-frames, one keyframe,
 * movement and grain), spoken narrations, noise as effects, chords as music, and a watermark.
 */
export async function footage(
  folder: string,
  said: (text: string) => void,
): Promise<{ scenes: Footage[]; long: string; music: string; watermark: string }> {
  await mkdir(folder, { recursive: true });
  const at = (name: string) => join(folder, name);
  const scenes: Footage[] = [];
  for (let scene = 0; scene < SCENES; scene += 1) {
    const files = { clip: at(`clip${scene}.mp4`), narration: at(`narration${scene}.mp3`), effect: at(`effect${scene}.wav`) };
    scenes.push(files);
    await once(files.clip, said, () => clip(files.clip, scene));
    await once(files.narration, said, () => narration(files.narration, scene, 4.2 + (scene % 7) * 0.2));
    await once(files.effect, said, () =>
      ffmpeg([
        ...lavfi(`anoisesrc=d=7:c=${scene % 2 ? 'pink' : 'brown'}:a=0.4:seed=${scene},tremolo=f=0.${(scene % 8) + 1}`),
        files.effect,
      ]),
    );
  }
  const [long, music, watermark] = [at('long.mp3'), at('music.mp3'), at('watermark.png')];
  await once(long, said, () => narration(long, 0, LONG));
  const chord = [220, 277, 330].map((pitch) => `sin(2*PI*${pitch}*t)`).join('+');
  await once(music, said, () => ffmpeg([...lavfi(`aevalsrc='0.2*(${chord})*(0.6+0.4*sin(0.9*t))':d=30`), '-b:a', '192k', music]));
  await once(watermark, said, () => ffmpeg([...lavfi('color=white@0.8:s=256x128,format=rgba'), '-frames:v', '1', watermark]));
  return { scenes, long, music, watermark };
}

const lavfi = (source: string) => ['-f', 'lavfi', '-i', source];

async function once(file: string, said: (text: string) => void, make: () => Promise<unknown>): Promise<void> {
  // What was broken off is made again.
  const done = `${file}.done`;
  if (
    await access(done).then(
      () => true,
      () => false,
    )
  )
    return;
  said(`making ${file}`);
  await make();
  await writeFile(done, '');
}

async function clip(file: string, scene: number): Promise<void> {
  const source = `mandelbrot=s=960x540:r=24:start_scale=${(2 + scene * 0.2).toFixed(1)}:end_scale=0.05:end_pts=${300 + 10 * scene}`;
  const look = 'scale=1920:1080:flags=fast_bilinear,noise=alls=8:allf=t,format=yuv420p';
  const rate = ['-b:v', '11M', '-maxrate', '14M', '-bufsize', '22M', '-preset', 'veryfast', '-profile:v', 'high', '-level', '4.0'];
  const keyframes = ['-g', '9999', '-keyint_min', '9999', '-x264-params', 'scenecut=0:bframes=3:b-adapt=1'];
  await ffmpeg([...lavfi(source), '-vf', look, '-frames:v', String(CLIP_FRAMES), '-c:v', 'libx264', ...rate, ...keyframes, file]);
}

async function narration(file: string, scene: number, seconds: number): Promise<void> {
  const text =
    'The sea is old and does not explain itself. It keeps its counsel where no light has come since the making of the world, and something waits.';
  await execa('espeak-ng', ['-s', '160', '-p', String(30 + scene), '-w', `${file}.wav`, text]);
  await ffmpeg([
    '-i',
    `${file}.wav`,
    '-af',
    `apad,atrim=end=${seconds},afade=t=out:st=${seconds - 0.1}:d=0.1`,
    '-ar',
    '44100',
    '-b:a',
    '128k',
    file,
  ]);
}
