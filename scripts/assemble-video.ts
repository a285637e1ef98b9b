import { readFile } from 'node:fs/promises';
import { Manifest, expectMedia, planFromFiles, renderCut, sceneTimes, timeline } from '#media';
import {
  FITS,
  SHAPES,
  VIDEO_ENCODERS,
  describeProblems,
  parse,
  permanent,
  withoutNulls,
  type Fit,
  type Shape,
  type VideoEncoder,
} from '#pipeline';
import { InvalidArgumentError, Option } from 'commander';
import { badArguments, number, runScript } from './cli.js';

/** A scene as the command line names it. */
interface SceneFiles {
  clip: string;
  narration?: string;
  soundEffect?: string;
}

interface Options {
  manifest?: string;
  scene: SceneFiles[];
  shape?: Shape;
  fit?: Fit;
  crossfade?: number;
  intro?: string;
  outro?: string;
  watermark?: string;
  music?: string;
  synthetic?: boolean;
  cache?: string;
  encoder?: VideoEncoder;
  out: string;
}

/** What a manifest says itself. */
const PLANNED = ['shape', 'fit', 'crossfade', 'intro', 'outro', 'watermark', 'music', 'synthetic'] as const;

await runScript<'assemble-video', Options>({
  name: 'assemble-video',
  about:
    'Cuts clips, narrations and sound effects into one video of -14 LUFS: as a manifest says (docs/cut.md), or scene by scene, each as long as its narration and a breath. Clips that need no change are copied.',
  example:
    'assemble-video --scene clip1.mp4,narration1.mp3,waves.wav --scene clip2.mp4,narration2.mp3 --music calm.mp3 --crossfade 0.5 --out final.mp4',
  counts: 'frames',
  options: (command) =>
    command
      .option('--manifest <file>', 'what the cut is made from')
      .option('--scene <clip[,narration[,effect]]>', 'the files of a scene, instead of a manifest; once for each scene', sceneFiles, [])
      .addOption(new Option('--shape <shape>', 'of the video; left out: landscape').choices(Object.keys(SHAPES)))
      .addOption(new Option('--fit <how>', 'how clips of another shape are brought into it; left out: fill').choices(FITS))
      .option('--crossfade <seconds>', 'how long scenes fade into each other; left out: hard cuts', number(0, 2))
      .option('--intro <video>', 'before the first scene')
      .option('--outro <video>', 'after the last scene')
      .option('--watermark <picture>', 'over every scene, at the top right')
      .option('--music <sound>', 'under everything')
      .option('--synthetic', 'says in the video that a model made its pictures')
      .option('--cache <folder>', 'keeps what is drawn and mixed there, so that the next cut with few changes takes a fraction of the time')
      .addOption(new Option('--encoder <name>', 'where it does not work, libx264 is used').choices(VIDEO_ENCODERS)),
  run: async (options, { signal, report }) => {
    const { manifest: file, scene, out, cache, encoder } = options;
    if ((file === undefined) === (scene.length === 0)) throw badArguments('either --manifest or --scene must be given');
    const ignored = PLANNED.filter((name) => file !== undefined && options[name] !== undefined);
    if (ignored.length > 0) throw badArguments(`--manifest says it all; leave out --${ignored.join(', --')}`);
    const manifest = file === undefined ? await planned(options, signal) : await readManifest(file);
    const total = timeline(manifest).frames;
    const { loudness, peak, findings } = await renderCut(manifest, out, {
      ...{ signal, ...(cache !== undefined && { cache }), ...(encoder && { encoder }) },
      onFrame: (done) => {
        void report({ event: 'progress', done, total });
      },
    });
    const measured = Number.isFinite(loudness) && { loudness_lufs: loudness, true_peak_dbtp: peak };
    return { scenes: sceneTimes(manifest), ...measured, findings };
  },
  summary: ({ scenes, loudness_lufs, true_peak_dbtp, findings }) => {
    const sound = loudness_lufs === undefined ? 'silent' : `${loudness_lufs.toFixed(1)} LUFS, peak ${true_peak_dbtp?.toFixed(1)} dBTP`;
    return Promise.resolve(
      [`${scenes.length} ${scenes.length === 1 ? 'scene' : 'scenes'}, ${sound}`, ...findings.map(({ message }) => message)].join('\n  '),
    );
  },
});

function sceneFiles(text: string, before: SceneFiles[]): SceneFiles[] {
  const [clip, narration, soundEffect, ...more] = text.split(',').map((name) => name.trim());
  if (!clip || more.length > 0) throw new InvalidArgumentError('It must be one to three files, joined by commas.');
  return [...before, { clip, ...(narration && { narration }), ...(soundEffect && { soundEffect }) }];
}

async function planned(
  { scene, shape = 'landscape', fit = 'fill', crossfade = 0, intro, outro, watermark, music, synthetic }: Options,
  signal: AbortSignal,
): Promise<Manifest> {
  const scenes = scene.map(async ({ narration, ...files }) => {
    const spoken = narration === undefined ? null : await expectMedia(narration, { kind: 'audio' }, signal);
    return { ...files, ...(narration && { narration }), narrationMs: spoken?.durationMs ?? 0 };
  });
  return planFromFiles(
    await Promise.all(scenes),
    {
      ...{ ...SHAPES[shape], fit, crossfadeMs: crossfade * 1_000 },
      ...{ ...(intro && { intro }), ...(outro && { outro }), ...(music && { music }), ...(synthetic && { synthetic }) },
      ...(watermark && { watermark: { file: watermark, corner: 'top_right', width: 0.1, opacity: 0.7 } }),
    },
    signal,
  );
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
  const parsed = parse(Manifest, withoutNulls(data), { forbidNonWhitelisted: true });
  if (!parsed.ok) throw unreadable(describeProblems(parsed.problems));
  return parsed.value;
}
