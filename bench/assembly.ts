import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from '#media';
import { planFromFiles, probe, timeline } from '#media';
import { SHAPES } from '#pipeline';
import { SCENES, footage } from './footage.js';
import { measured, type Measured } from './measured.js';

/**
 * How fast a cut of 18 scenes in 1920x1080 is, and what memory it takes, next to what cannot be beaten and to what people write themselves.
 * `--quick` leaves out what people write themselves, which takes minutes.
 */
const folder = '.data/bench/assembly';
const at = (name: string) => join(folder, name);
const ROUNDS = 3;
const quick = process.argv.includes('--quick');
const said = (text: string) => process.stderr.write(`${text}\n`);

const { scenes, long, music, watermark } = await footage(at('footage'), said);
const toCut = scenes.map(({ clip, narration, effect }, index) => ({
  ...{ clip, narration, soundEffect: effect, narrationMs: 0, chapter: `Scene ${index + 1}` },
}));
const spoken = await Promise.all(toCut.map(async (scene) => ({ ...scene, narrationMs: await lengthOf(scene.narration) })));
const plain = { ...SHAPES.landscape, fit: 'fill', music } as const;
/** Scenes whose narration is longer than their clip. */
const LONG = [3, 8, 12, 16];
const longMs = await lengthOf(long);
const plans = {
  copied: await planFromFiles(spoken, plain),
  held: await planFromFiles(
    spoken.map((scene, index) => (LONG.includes(index) ? { ...scene, narration: long, narrationMs: longMs } : scene)),
    plain,
  ),
  drawn: await planFromFiles(spoken, { ...plain, watermark: { file: watermark, corner: 'top_right', width: 0.08, opacity: 0.7 } }),
};
await mkdir(folder, { recursive: true });
for (const [name, plan] of Object.entries(plans)) await writeFile(at(`${name}.json`), JSON.stringify(plan));
const seconds = timeline(plans.copied).frames / plans.copied.frames_per_second;
// Another picture, as long as the one before.
const other = scenes.at(-1)?.clip ?? '';
const changed = { ...plans.drawn, scenes: plans.drawn.scenes.map((scene, index) => (index === 2 ? { ...scene, clip: other } : scene)) };
await writeFile(at('changed.json'), JSON.stringify(changed));

const assemble = (manifest: string, ...more: string[]) =>
  measured(process.execPath, ['dist/scripts/assemble-video.js', '--manifest', at(manifest), '--out', at('cut.mp4'), ...more]);
const tool = (...args: string[]) => measured('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-y', ...args]);

// What the limits need: the sound as it will be, and the clips as long as they are seen.
await assemble('copied.json');
await tool('-i', at('cut.mp4'), '-map', '0:a', '-c:a', 'pcm_s16le', at('mix.wav'));
await writeFile(at('clips.txt'), listOf(plans.copied));

const LIMIT = 'limit: mix, AAC, copy and mux, and nothing else';
const concat = ['-f', 'concat', '-safe', '0', '-i', at('clips.txt')];
const aac = ['-c:a', 'aac', '-b:a', '192k', '-ar', '48000'];
const rows: Record<string, Measured[]> = {};
const row = async (name: string, run: () => Promise<Measured>) => {
  said(name);
  (rows[name] ??= []).push(await run());
};
for (let round = 0; round < ROUNDS; round += 1) {
  await row(LIMIT, () => measured('bash', ['-c', copyAndMix()]));
  await row('floor: copy, AAC of the finished sound, mux', () =>
    tool(...concat, '-i', at('mix.wav'), '-map', '0:v', '-map', '1:a', '-c:v', 'copy', ...aac, at('limit.mp4')),
  );
  await row('ours, copied', () => assemble('copied.json'));
  await row('ours, copied, 4 of 18 with the last frame held', () => assemble('held.json'));
}
const cold = async () => {
  await rm(at('cache'), { recursive: true, force: true });
  return assemble('drawn.json', '--cache', at('cache'));
};
for (let round = 0; round < (quick ? 1 : 2); round += 1) {
  await row('limit: one pass of x264 veryfast', () =>
    tool(
      ...concat,
      '-i',
      watermark,
      '-filter_complex',
      '[1]scale=154:-1[mark];[0:v][mark]overlay=W-w-54:54,format=yuv420p[v]',
      '-map',
      '[v]',
      '-c:v',
      'libx264',
      '-preset',
      'veryfast',
      '-crf',
      '20',
      at('limit.mp4'),
    ),
  );
  await row('ours, drawn, cold', cold);
  await row('ours, drawn, one clip changed', () => assemble('changed.json', '--cache', at('cache')));
}
if (!quick) await row('naive: each scene encoded, then all again (x264 medium)', () => naive());

process.stdout.write(
  `${scenes.length} scenes, ${seconds.toFixed(1)} s of 1920x1080 at ${plans.copied.frames_per_second}; the quickest of ${ROUNDS} rounds (2 of what is drawn, 1 of naive)\n`,
);
process.stdout.write(`${''.padEnd(58)}wall s   CPU s   of real time   MB all   MB largest\n`);
const best = (name: string) => (rows[name] ?? []).reduce((least, one) => (one.wallS < least.wallS ? one : least));
for (const [name, runs] of Object.entries(rows)) {
  const { wallS, cpuS } = best(name);
  const [all, largest] = [Math.max(...runs.map(({ peakMb }) => peakMb)), Math.max(...runs.map(({ largestMb }) => largestMb))];
  process.stdout.write(
    `${name.padEnd(56)}${wallS.toFixed(2).padStart(8)}${cpuS.toFixed(1).padStart(8)}${(wallS / seconds).toFixed(3).padStart(15)}${all.toFixed(0).padStart(9)}${largest.toFixed(0).padStart(13)}\n`,
  );
}
const ratio = (name: string, to: string, goal: string) => {
  if (rows[name] && rows[to]) process.stdout.write(`${name} / ${to}: ${(best(name).wallS / best(to).wallS).toFixed(2)} (goal ${goal})\n`);
};
ratio('ours, copied', LIMIT, 'at most 1.5');
ratio('ours, drawn, cold', 'limit: one pass of x264 veryfast', 'at most 1.15');
ratio('ours, drawn, one clip changed', 'ours, drawn, cold', 'at most 0.15');
ratio('naive: each scene encoded, then all again (x264 medium)', 'ours, copied', 'at least 10');

/** What any program has to do that copies the pictures: mix the sounds, each at its place, encode them, and put both into one file. Nothing is measured or levelled. */
function copyAndMix(): string {
  const inputs = scenes.flatMap(({ narration, effect }) => ['-i', narration, '-i', effect]).join(' ');
  const form = 'aresample=48000,aformat=sample_fmts=fltp:channel_layouts=stereo';
  const graph = plans.copied.scenes.map(({ frames }, index) => {
    const fit = `apad=whole_len=${frames * 2_000},atrim=end_sample=${frames * 2_000}`;
    return `[${2 * index}]${form},${fit}[n${index}];[${2 * index + 1}]${form},${fit},volume=-14dB[e${index}];[n${index}][e${index}]amix=inputs=2:normalize=0[s${index}]`;
  });
  const joined = `${scenes.map((_, index) => `[s${index}]`).join('')}concat=n=${SCENES}:v=0:a=1[all];[${2 * SCENES}]${form},volume=-20dB[m];[all][m]amix=inputs=2:duration=first:normalize=0[a]`;
  return [
    `ffmpeg -loglevel error -y ${inputs} -stream_loop -1 -i ${music} -filter_complex '${[...graph, joined].join(';')}' -map '[a]' ${aac.join(' ')} ${at('limit.m4a')}`,
    `ffmpeg -loglevel error -y ${concat.join(' ')} -i ${at('limit.m4a')} -map 0:v -map 1:a -c copy -movflags +faststart ${at('limit.mp4')}`,
  ].join(' && ');
}

/** As most people write it: a file for each scene, encoded with the usual settings, and all of them encoded once more. */
async function naive(): Promise<Measured> {
  const script = [
    'set -e',
    ...scenes.map(({ clip, narration, effect }, index) => {
      const length = (plans.copied.scenes[index]?.frames ?? 1) / plans.copied.frames_per_second;
      const graph = `[0:v]fps=24,scale=1920:1080,tpad=stop_mode=clone:stop=-1[v];[2:a]volume=0.3[e];[1:a][e]amix=inputs=2:normalize=0,apad[a]`;
      return `ffmpeg -loglevel error -y -i ${clip} -i ${narration} -i ${effect} -filter_complex '${graph}' -map '[v]' -map '[a]' -t ${length} -c:v libx264 -crf 20 -c:a aac ${at(`naive${index}.mp4`)}`;
    }),
    `printf '' > ${at('naive.txt')}`,
    ...scenes.map((_, index) => `echo "file naive${index}.mp4" >> ${at('naive.txt')}`),
    `ffmpeg -loglevel error -y -f concat -safe 0 -i ${at('naive.txt')} -stream_loop -1 -i ${music} -filter_complex '[1:a]volume=0.1[m];[0:a][m]amix=inputs=2:duration=first:normalize=0,loudnorm=I=-14:TP=-1[a]' -map 0:v -map '[a]' -c:v libx264 -crf 20 -c:a aac -ar 48000 -movflags +faststart ${at('naive.mp4')}`,
  ];
  return measured('bash', ['-c', script.join('\n')]);
}

/** The clips one after another, each as long as it is seen; where one is too short nothing is held, which only makes the limit easier to reach. */
function listOf({ scenes: planned, frames_per_second: rate }: Manifest): string {
  const lines = planned.flatMap(({ clip, frames }) => [
    `file '${process.cwd()}/${clip}'`,
    `outpoint ${((frames - 0.5) / rate).toFixed(6)}`,
  ]);
  return ['ffconcat version 1.0', ...lines, ''].join('\n');
}

async function lengthOf(narration: string): Promise<number> {
  return (await probe(narration)).durationMs ?? 0;
}
