import { readFile } from 'node:fs/promises';
import { Manifest, expectMedia, planCut, renderCut, sceneTimes } from '#media';
import { describeProblems, parse, permanent } from '#pipeline';
import { InvalidArgumentError } from 'commander';
import { badArguments, runScript } from './cli.js';

/** A scene as the command line names it. */
interface SceneFiles {
  clip: string;
  narration: string;
  soundEffect: string;
}

interface Options {
  manifest?: string;
  scene: SceneFiles[];
  out: string;
}

await runScript<'assemble-video', Options>({
  name: 'assemble-video',
  about: 'Cuts clips, narrations and sound effects into one video: as a manifest says, or scene by scene, each as long as its narration.',
  example: 'assemble-video --scene clip.mp4,narration.mp3,waves.wav --out final.mp4',
  counts: 'frames',
  options: (command) =>
    command
      .option('--manifest <file>', 'what the cut is made from')
      .option('--scene <clip,narration,effect>', 'the files of a scene, instead of a manifest; once for each scene', sceneFiles, []),
  run: async ({ manifest: file, scene, out }, { signal, report }) => {
    if ((file === undefined) === (scene.length === 0)) throw badArguments('either --manifest or --scene must be given');
    const manifest = file === undefined ? await planned(scene, signal) : await readManifest(file);
    const total = manifest.scenes.reduce((sum, { frames }) => sum + frames, 0);
    await renderCut(manifest, out, {
      signal,
      onFrame: (done) => {
        void report({ event: 'progress', done, total });
      },
    });
    return { scenes: sceneTimes(manifest) };
  },
});

function sceneFiles(text: string, before: SceneFiles[]): SceneFiles[] {
  const [clip, narration, soundEffect, ...more] = text.split(',').map((name) => name.trim());
  if (!clip || !narration || !soundEffect || more.length > 0) throw new InvalidArgumentError('It must be three files, joined by commas.');
  return [...before, { clip, narration, soundEffect }];
}

async function planned(scenes: readonly SceneFiles[], signal: AbortSignal): Promise<Manifest> {
  const spoken = scenes.map(async (scene) => {
    const { durationMs } = await expectMedia(scene.narration, { kind: 'audio' }, signal);
    return { ...scene, narrationMs: durationMs ?? 0 };
  });
  return planCut(await Promise.all(spoken));
}

async function readManifest(file: string): Promise<Manifest> {
  const unreadable = (why: string) =>
    permanent({ code: 'MANIFEST_INVALID', message: `${file}: ${why}`, userMessage: `The manifest cannot be used: ${why}` });
  let data: unknown;
  try {
    data = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw unreadable(error instanceof Error ? error.message : String(error));
  }
  const parsed = parse(Manifest, data);
  if (!parsed.ok) throw unreadable(describeProblems(parsed.problems));
  return parsed.value;
}
