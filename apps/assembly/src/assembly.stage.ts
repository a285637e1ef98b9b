import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ArtifactRow } from '#database';
import { planCut, type CutScene } from '#media';
import { permanent } from '#pipeline';
import { written, type Stage, type StepHandler } from '#stage';
import { Injectable } from '@nestjs/common';

/** Cuts the finished clips, narrations and sound effects into one video. */
@Injectable()
export class AssemblyStage implements Stage<'assembly'> {
  readonly cut: StepHandler<'cut'> = {
    plan: (_task, storyboard) => [{ scenes: written(storyboard).scenes.length }],
    make: async ({ input, out, ready, file, run }) => {
      const [clips, narrations, effects] = await Promise.all([ready('clip'), ready('narration'), ready('sound_effect')]);
      const scenes = Array.from({ length: input.scenes }, (_, position): CutScene => {
        const [clip, narration, effect] = [clips, narrations, effects].map((artifacts) => artifacts[position]);
        if (!clip || !narration || !effect) throw missing(position);
        return { clip: file(clip), narration: file(narration), soundEffect: file(effect), narrationMs: durationOf(narration) };
      });
      const manifest = join(dirname(out), 'manifest.json');
      await writeFile(manifest, JSON.stringify(planCut(scenes), null, 2));
      const result = await run('assemble-video', { manifest });
      return { result, simulated: [...clips, ...narrations, ...effects].some(({ simulated }) => simulated) };
    },
  };
}

function durationOf(narration: ArtifactRow): number {
  if (narration.durationMs === null) throw new Error(`The narration ${narration.id} has no duration`);
  return narration.durationMs;
}

function missing(position: number) {
  return permanent({
    code: 'ITEM_MISSING',
    message: `Scene ${position + 1} has no clip, narration or sound effect`,
    userMessage: `Scene ${position + 1} is not complete. Ask for its missing item to be made again.`,
  });
}
