import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { missingBrandFiles, settings, type Settings } from '#config';
import type { ArtifactRow } from '#database';
import { captionsOf, evenly, planFromFiles, srt, vtt, type SceneToCut, type SpokenScene } from '#media';
import { SHAPES, THUMBNAIL_CANDIDATES, passage, permanent, type Finding } from '#pipeline';
import { written, type Item, type Stage, type StepHandler, type TaskView } from '#stage';
import { Inject, Injectable } from '@nestjs/common';
import { styleOf } from './cut-style.js';

/** Share of a narration's letters whose times are known from which on its captions are taken for whole: numbers are written in figures and told in words. */
const COVERED = 0.8;

/** Cuts the finished clips, narrations and sound effects into one video, and makes what it is published with: captions, and thumbnails to choose from. */
@Injectable()
export class AssemblyStage implements Stage<'assembly'> {
  constructor(@Inject(settings.KEY) private readonly settings: Pick<Settings, 'BRAND_DIR' | 'CUT_ENCODER'>) {}

  readonly cut: StepHandler<'cut'> = {
    plan: ({ channel }, storyboard) => [{ scenes: written(storyboard).scenes.length, shape: channel.cut?.shape ?? 'landscape' }],
    make: async ({ task, input, out, ready, file, run, signal }) => {
      const [clips, narrations, effects, [storyboard]] = await Promise.all([
        ready('clip'),
        ready('narration'),
        ready('sound_effect'),
        ready('storyboard'),
      ]);
      const scenes = Array.from({ length: input.scenes }, (_, position): SceneToCut => {
        const [clip, narration, effect] = [clips[position], narrations[position], effects[position]];
        if (!clip || !narration || !effect)
          throw missing(`Scene ${position + 1} has no clip, narration or sound effect`, `Scene ${position + 1} is not complete.`);
        const chapter = storyboard?.result?.storyboard.scenes[position]?.chapter;
        const narrationMs = durationOf(narration);
        const told = narration.result?.words ?? [];
        const words = told.length > 0 ? told : evenly({ text: narration.input.text, words: [], durationMs: narrationMs });
        return {
          ...{ clip: file(clip), narration: file(narration), narrationMs, soundEffect: file(effect) },
          ...{ words, ...(chapter && { chapter }) },
        };
      });
      await expectBrand(task, this.settings.BRAND_DIR);
      const style = styleOf(task, SHAPES[input.shape ?? 'landscape'], this.settings.BRAND_DIR);
      const manifest = join(dirname(out), 'manifest.json');
      await writeFile(manifest, JSON.stringify(await planFromFiles(scenes, style, signal), null, 2));
      const { findings, ...result } = await run('assemble-video', {
        manifest,
        cache: join(dirname(out), '.cut'),
        encoder: this.settings.CUT_ENCODER,
      });
      return { result, simulated: [...clips, ...narrations, ...effects].some(({ simulated }) => simulated), findings };
    },
  };

  readonly captions: StepHandler<'caption'> = {
    plan: ({ channel }) => [{ language: channel.language }],
    make: async (item) => {
      const [cut, narrations] = await Promise.all([cutOf(item), item.ready('narration')]);
      const scenes = cut.scenes.map(({ start_ms, duration_ms }, position) => {
        const { input, result } = narrations[position] ?? {};
        return { startMs: start_ms, durationMs: duration_ms, text: input?.text ?? '', words: result?.words ?? [] };
      });
      const captions = captionsOf(scenes);
      await writeFile(item.out, srt(captions));
      // For browsers, which do not take the other form.
      await writeFile(join(dirname(item.out), 'captions.vtt'), vtt(captions));
      return { result: { captions: captions.length }, simulated: cut.simulated, findings: scenes.flatMap(uncovered) };
    },
  };

  readonly thumbnails: StepHandler<'thumbnail'> = {
    plan: (_task, storyboard) => Array.from({ length: THUMBNAIL_CANDIDATES }, () => ({ title: written(storyboard).title })),
    make: async (item) => {
      const { position, revision, input, run, task } = item;
      const { text = 'title', uppercase = true, ...style } = task.channel.thumbnail ?? {};
      const title = uppercase ? input.title.toLocaleUpperCase(task.channel.language) : input.title;
      const { video, simulated } = await cutOf(item);
      const result = await run('create-thumbnail', {
        ...{ video, candidate: position + 1, again: revision - 1 },
        ...(text === 'title' && { title }),
        ...(style.text_color && { color: style.text_color }),
        ...(style.outline_color && { outline: style.outline_color }),
        ...(style.position && { position: style.position }),
        ...(style.font && { font: style.font }),
      });
      return { result, simulated };
    },
  };
}

/** Captions of words that the voice has told no time for stand about where they are said, or are missing. */
function uncovered({ startMs, durationMs, text, words }: SpokenScene, index: number): Finding[] {
  const letters = (said: string) => said.replace(/[^\p{L}\p{N}]/gu, '').length;
  const told = letters(words.map(({ word }) => word).join(''));
  if (told >= letters(text) * COVERED) return [];
  const what =
    told === 0
      ? 'the voice told no times, so its captions are spread evenly'
      : 'the voice told the times of only a part of what is written';
  return [passage('captions', `Scene ${index + 1}: ${what}`, [startMs, startMs + durationMs], false)];
}

/** What was there when the channel's file was read can be gone by now, or the assembly sees another folder than the gateway. */
async function expectBrand({ channel }: TaskView, brand: string): Promise<void> {
  const missing = await missingBrandFiles(channel, brand);
  if (missing.length === 0) return;
  const problem = missing.join('; ');
  throw permanent({
    code: 'BRAND_FILE_MISSING',
    message: problem,
    userMessage: `${problem}. Put it there, or take it out of the channel's file; then retry.`,
  });
}

/** The finished cut: its file, and when each of its scenes is seen. */
async function cutOf({ ready, file }: Pick<Item<'caption' | 'thumbnail'>, 'ready' | 'file'>) {
  const [cut] = await ready('cut');
  if (!cut?.result) throw missing('No cut is ready', 'The final cut is missing.');
  return { video: file(cut), scenes: cut.result.scenes, simulated: cut.simulated };
}

function durationOf(narration: ArtifactRow): number {
  if (narration.durationMs === null) throw new Error(`The narration ${narration.id} has no duration`);
  return narration.durationMs;
}

function missing(message: string, inWords: string) {
  return permanent({ code: 'ITEM_MISSING', message, userMessage: `${inWords} Ask for what is missing to be made again.` });
}
