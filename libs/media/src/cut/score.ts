import type { Score } from '../sound/mix.js';
import { timeline, type Manifest, type Passage } from './manifest.js';

/** Effects come and go (s), and so does the music. */
const EFFECT_FADE = { in: 0.15, out: 0.15 };
const MUSIC_FADE = { in: 1, out: 3 };

/**
 * Where everything is heard.
 * @param silent of intro and outro those without sound
 * @param at gives the sample with which a frame begins
 */
export function scoreOf(manifest: Manifest, silent: ReadonlySet<string>, at: (frames: number) => number): Score {
  const { intro, scenes, outro, frames } = timeline(manifest);
  const place = (file: string, passage: Passage) => ({
    file,
    from: at(passage.from),
    to: at(passage.from + passage.frames),
  });
  const places = (pick: 'narration' | 'sound_effect') =>
    manifest.scenes.flatMap((scene, index) => {
      const [file, passage] = [scene[pick], scenes[index]];
      return file && passage ? [place(file, passage)] : [];
    });
  const bookend = (own: Manifest['intro'], passage: typeof intro) =>
    own && passage && !silent.has(own.file) ? [place(own.file, passage)] : [];
  return {
    voice: [...bookend(manifest.intro, intro), ...places('narration'), ...bookend(manifest.outro, outro)],
    effects: places('sound_effect').map((placed) => ({ ...placed, fade: EFFECT_FADE })),
    music: manifest.music ? [{ ...place(manifest.music, { from: 0, frames }), loop: true, fade: MUSIC_FADE }] : [],
  };
}
