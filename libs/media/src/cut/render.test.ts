import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Failure } from '#pipeline';
import { ffmpeg } from '../ffmpeg.js';
import { probe } from '../probe.js';
import { timeline, type Manifest } from './manifest.js';
import { planFromFiles, type SceneToCut } from './plan.js';
import { renderCut } from './render.js';

const run = promisify(execFile);
let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cut-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const small = { width: 320, height: 180, fit: 'fill' } as const;
const lavfi = (graph: string) => ['-f', 'lavfi', '-i', graph];
/** As providers deliver clips: B-frames, one whole picture at the beginning. */
const DELIVERED = [
  '-c:v',
  'libx264',
  '-preset',
  'fast',
  '-pix_fmt',
  'yuv420p',
  '-profile:v',
  'high',
  '-g',
  '9999',
  '-x264-params',
  'scenecut=0:bframes=3',
];

/** Frames of one colour with something that moves, so that each is another. */
function clip(name: string, color: string, { rate = 24, seconds = 5, size = '320x180', more = DELIVERED } = {}): Promise<void> {
  const box = `color=white:s=12x12:r=${rate}:d=${seconds}[box]`;
  const moving = `color=${color}:s=${size}:r=${rate}:d=${seconds}[ground];${box};[ground][box]overlay=x='mod(n*5,W)':y=H-20`;
  return ffmpeg([...lavfi(moving), ...more, at(name)]);
}

/** The colour in the middle of every frame, as red, green and blue. */
async function colorsOf(video: string): Promise<number[][]> {
  const args = ['-v', 'error', '-i', video, '-vf', 'crop=iw/4:ih/4,scale=1:1:flags=area,format=rgb24', '-f', 'rawvideo', '-'];
  const { stdout } = await run('ffmpeg', args, { encoding: 'buffer', maxBuffer: 2 ** 26 });
  return Array.from({ length: stdout.length / 3 }, (_, frame) => [...stdout.subarray(3 * frame, 3 * frame + 3)]);
}

async function hashesOf(video: string, frames: number, from = 0): Promise<string[]> {
  const cut = ['-vf', `trim=start_frame=${from}:end_frame=${from + frames}`];
  const { stdout } = await run('ffmpeg', ['-v', 'error', '-i', video, '-map', '0:v', ...cut, '-f', 'framemd5', '-'], {
    maxBuffer: 2 ** 26,
  });
  return stdout.split('\n').flatMap((line) => (/^\d/.test(line) ? [line.split(',').at(-1)?.trim() ?? ''] : []));
}

/** What FFmpeg has to say about a file when it decodes all of it. */
async function complaintsAbout(video: string): Promise<string> {
  return (await run('ffmpeg', ['-v', 'warning', '-i', video, '-f', 'null', '-'])).stderr;
}

const tone = (name: string, seconds: number) => ffmpeg([...lavfi(`sine=f=300:d=${seconds}`), '-b:a', '128k', at(name)]);
const scene = (name: string, narration: string, narrationMs: number): SceneToCut => ({
  clip: at(name),
  narration: at(narration),
  narrationMs,
});
const failureOf = (rendering: Promise<unknown>) => rendering.then(() => null).catch((error: unknown) => Failure.from(error));

describe('a cut of clips of one form', () => {
  let manifest: Manifest;
  beforeAll(async () => {
    for (const [index, color] of ['red', 'green', 'blue', 'yellow'].entries())
      await clip(`${color}.mp4`, color, { seconds: index === 1 ? 10 : 5 });
    await tone('short.mp3', 3);
    await tone('long.mp3', 5.1);
    await ffmpeg([...lavfi('anoisesrc=d=4:a=0.2'), at('wind.wav')]);
    const scenes = [
      scene('red.mp4', 'short.mp3', 3_000),
      scene('green.mp4', 'long.mp3', 5_100),
      scene('blue.mp4', 'long.mp3', 5_100),
      scene('yellow.mp4', 'short.mp3', 3_000),
    ];
    manifest = await planFromFiles(
      scenes.map((one, index) => ({ ...one, soundEffect: at('wind.wav'), chapter: `Part ${index}; #1=a` })),
      small,
    );
  });

  it('has their very frames, each scene from the frame on that was planned, and a last frame held where one is too short', async () => {
    const seen: number[] = [];
    const made = await renderCut(manifest, at('copied.mp4'), { onFrame: (frames) => seen.push(frames) });
    expect(made).toMatchObject({ copied: 4, drawn: 1, kept: 0, encoder: 'libx264' });
    expect(await complaintsAbout(at('copied.mp4'))).toBe('');
    const { scenes, frames } = timeline(manifest);
    expect(seen.at(-1)).toBe(frames);
    for (const [index, { from, frames: length }] of scenes.entries()) {
      const source = manifest.scenes[index]?.clip ?? '';
      const own = Math.min(length, 120);
      expect(await hashesOf(at('copied.mp4'), own, from)).toEqual((await hashesOf(source, own)).slice(0, own));
    }
    // The third clip lasts 120 frames, its scene 132: what follows is its last one.
    const [, , third] = scenes;
    expect(third?.frames).toBe(132);
    await run('ffmpeg', ['-v', 'error', '-y', '-i', at('blue.mp4'), '-vf', "select='eq(n,119)'", '-frames:v', '1', at('last.png')]);
    const held = ['-v', 'info', '-i', at('copied.mp4'), '-loop', '1', '-i', at('last.png')];
    const between = `[0:v]trim=start_frame=${(third?.from ?? 0) + 120}:end_frame=${(third?.from ?? 0) + 132},setpts=N/24/TB[a];[1:v]format=yuv420p,setpts=N/24/TB[b];[a][b]ssim=shortest=1`;
    const { stderr } = await run('ffmpeg', [...held, '-filter_complex', between, '-f', 'null', '-']);
    expect(Number(/All:(\d\.\d+)/.exec(stderr)?.[1])).toBeGreaterThan(0.97);
  }, 60_000);

  it('plays while it loads, says its colours, and names its chapters', async () => {
    const head = (await readFile(at('copied.mp4'))).toString('latin1');
    expect(head.indexOf('moov')).toBeLessThan(head.indexOf('mdat'));
    const args = [
      '-v',
      'error',
      '-show_entries',
      'stream=codec_name,color_space,color_transfer,color_primaries,color_range:chapter=start_time:chapter_tags=title',
      '-of',
      'json',
    ];
    const { stdout } = await run('ffprobe', [...args, at('copied.mp4')]);
    const shown = JSON.parse(stdout) as { streams: object[]; chapters: { start_time: string; tags: { title: string } }[] };
    expect(shown.streams[0]).toEqual({
      codec_name: 'h264',
      color_range: 'tv',
      color_space: 'bt709',
      color_transfer: 'bt709',
      color_primaries: 'bt709',
    });
    expect(shown.chapters.map(({ start_time, tags }) => [Number(start_time), tags.title])).toEqual(
      timeline(manifest).scenes.map(({ from }, index) => [expect.closeTo(from / 24, 2), `Part ${index}; #1=a`]),
    );
  });

  it('is made of what was kept when little has changed, and keeps nothing that it does not need', async () => {
    const cache = at('cache');
    const marked = { ...manifest, watermark: { file: at('red.png'), corner: 'bottom_left', width: 0.1, opacity: 1 } } as const;
    await ffmpeg([...lavfi('color=red:s=40x20'), '-frames:v', '1', at('red.png')]);
    expect(await renderCut(marked, at('first.mp4'), { cache })).toMatchObject({ copied: 0, drawn: 4, kept: 0 });
    const kept = await readdir(cache);
    expect(kept).toHaveLength(5);
    const seen: number[] = [];
    const onFrame = (frames: number) => seen.push(frames);
    expect(await renderCut(marked, at('second.mp4'), { cache, onFrame })).toMatchObject({ drawn: 0, kept: 4 });
    expect(seen.at(-1)).toBe(timeline(marked).frames);
    expect(await hashesOf(at('second.mp4'), 400)).toEqual(await hashesOf(at('first.mp4'), 400));
    // Another name for the same clip is the same; the same name for another clip is not.
    await copyFile(at('blue.mp4'), at('copy-of-blue.mp4'));
    await copyFile(at('green.mp4'), at('other.mp4'));
    const [first, second, third, fourth] = marked.scenes;
    if (!first || !second || !third || !fourth) throw new Error('There are four scenes');
    const changed = {
      ...marked,
      scenes: [first, { ...second, clip: at('other.mp4') }, { ...third, clip: at('copy-of-blue.mp4') }, fourth],
    };
    expect(await renderCut(changed, at('second.mp4'), { cache })).toMatchObject({ drawn: 0, kept: 4 });
    await copyFile(at('yellow.mp4'), at('copy-of-blue.mp4'));
    expect(await renderCut(changed, at('second.mp4'), { cache })).toMatchObject({ drawn: 1, kept: 3 });
    await writeFile(join(cache, 'notes.txt'), 'not ours');
    await renderCut(changed, at('second.mp4'), { cache });
    expect(await readdir(cache)).toContain('notes.txt');
    const now = (await readdir(cache)).filter((name) => name !== 'notes.txt');
    expect([now.length, now.filter((name) => kept.includes(name)).length]).toEqual([5, 4]);
  }, 60_000);
});

describe('a cut of whatever there is', () => {
  it('is exact to the frame: other rates, sizes, codecs, edit lists, clips with sound and without', async () => {
    const colors = {
      a: 'red',
      b: 'green',
      c: 'blue',
      d: 'yellow',
      e: 'magenta',
      f: 'cyan',
      g: 'white',
      h: 'orange',
      i: 'red',
      j: 'green',
      k: 'blue',
    };
    const rgb = {
      red: [1, 0, 0],
      green: [0, 1, 0],
      blue: [0, 0, 1],
      yellow: [1, 1, 0],
      magenta: [1, 0, 1],
      cyan: [0, 1, 1],
      white: [1, 1, 1],
      orange: [1, 1, 0],
    };
    await clip('a.mp4', colors.a);
    await clip('b.mp4', colors.b, { seconds: 10 });
    await clip('c.mp4', colors.c, { rate: 25 });
    await clip('d.mp4', colors.d, { rate: 30, size: '640x480' });
    await ffmpeg([
      '-i',
      at('a.mp4'),
      ...lavfi('sine=f=900:d=5'),
      ...lavfi(`color=${colors.e}:s=320x180:r=24:d=5`),
      '-map',
      '2:v',
      '-map',
      '1:a',
      ...DELIVERED,
      at('e.mp4'),
    ]);
    // Cut off at the beginning without being encoded: an edit list hides what is before.
    await clip('whole.mp4', colors.f, { seconds: 6 });
    await ffmpeg(['-ss', '0.7', '-i', at('whole.mp4'), '-c', 'copy', at('f.mp4')]);
    await clip('g.mov', colors.g, { size: '321x181', more: ['-c:v', 'mjpeg', '-q:v', '3', '-pix_fmt', 'yuvj444p'] });
    await clip('h.webm', colors.h, {
      rate: 30,
      size: '200x200',
      more: ['-c:v', 'libvpx', '-b:v', '1M', '-pix_fmt', 'yuv420p', '-auto-alt-ref', '0'],
    });
    await clip('i.mp4', colors.i, { rate: 24, seconds: 2 });
    await clip('j.mp4', colors.j, { more: ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-profile:v', 'baseline'] });
    // Its sound comes before its picture.
    await clip('picture.mp4', colors.k);
    await ffmpeg([...['-i', at('picture.mp4'), ...lavfi('sine=f=900:d=5')], '-map', '1:a', '-map', '0:v', '-c:v', 'copy', at('k.mp4')]);
    await tone('voice.mp3', 3.3);
    const names = ['a.mp4', 'b.mp4', 'c.mp4', 'd.mp4', 'e.mp4', 'f.mp4', 'g.mov', 'h.webm', 'i.mp4', 'j.mp4', 'k.mp4'];
    const manifest = await planFromFiles(
      names.map((name) => scene(name, 'voice.mp3', 3_300)),
      small,
    );
    expect(manifest.frames_per_second).toBe(24);
    const made = await renderCut(manifest, at('mixed.mp4'));
    // Only what is of the most usual form is copied.
    expect(made.copied).toBeGreaterThanOrEqual(2);
    expect(made.drawn).toBeGreaterThanOrEqual(8);
    expect(await complaintsAbout(at('mixed.mp4'))).toBe('');
    const shown = await colorsOf(at('mixed.mp4'));
    const { scenes, frames } = timeline(manifest);
    expect(shown).toHaveLength(frames);
    scenes.forEach(({ from, frames: length }, index) => {
      const color = Object.values(colors)[index] as keyof typeof rgb;
      for (const frame of [from, from + 1, from + Math.floor(length / 2), from + length - 2, from + length - 1])
        expect([index, frame, (shown[frame] ?? []).map((value) => (value > 100 ? 1 : 0))]).toEqual([index, frame, rgb[color]]);
    });
    const { durationMs } = await probe(at('mixed.mp4'));
    expect(Math.abs((durationMs ?? 0) - (frames * 1_000) / 24)).toBeLessThan(20);
  }, 120_000);

  it('keeps sound and picture together for ten minutes', async () => {
    // A flash and a beep begin each clip and each narration.
    for (const rate of [24, 25, 30]) {
      const flash = `color=black:s=128x72:r=${rate}:d=10,drawbox=color=white:t=fill:enable='eq(n,0)'`;
      await ffmpeg([...lavfi(flash), ...DELIVERED, at(`flash${rate}.mp4`)]);
    }
    await ffmpeg([
      ...lavfi("aevalsrc='if(lt(t,0.2),0.8*sin(2*PI*1000*t),0.02*sin(2*PI*300*t))':d=9.55:s=44100"),
      '-c:a',
      'pcm_s16le',
      at('beep.wav'),
    ]);
    const rates = Array.from({ length: 61 }, (_, index) => [24, 24, 25, 24, 30][index % 5] ?? 24);
    const manifest = await planFromFiles(
      rates.map((rate) => scene(`flash${rate}.mp4`, 'beep.wav', 9_550)),
      { ...small, width: 128, height: 72 },
    );
    await renderCut(manifest, at('long.mp4'));
    const { scenes, frames } = timeline(manifest);
    expect(frames).toBeGreaterThan(600 * 24);
    const flashes = (await colorsOf(at('long.mp4'))).flatMap(([red = 0], frame) => (red > 128 ? [frame] : []));
    expect(flashes).toEqual(scenes.map(({ from }) => from));
    const { stdout } = await run(
      'ffmpeg',
      ['-v', 'error', '-i', at('long.mp4'), '-map', '0:a', '-ac', '1', '-ar', '8000', '-f', 's16le', '-'],
      {
        encoding: 'buffer',
        maxBuffer: 2 ** 26,
      },
    );
    const loud = (index: number) => Math.abs(stdout.readInt16LE(2 * index)) > 4_000;
    const drifts = scenes.map(({ from }) => {
      const wanted = Math.round((from / 24) * 8_000);
      for (let index = Math.max(0, wanted - 4_000); index < wanted + 4_000; index += 1) if (loud(index)) return (index - wanted) / 8_000;
      return Infinity;
    });
    expect(Math.max(...drifts.map(Math.abs))).toBeLessThan(1 / 24);
    // The last is as exact as the first.
    expect(Math.abs((drifts.at(-1) ?? Infinity) - (drifts[0] ?? 0))).toBeLessThan(0.003);
  }, 180_000);

  it('is drawn by libx264 where another encoder was asked for that does not work here', async () => {
    await clip('odd.mp4', 'red', { size: '160x90' });
    await tone('one.mp3', 1);
    const manifest = await planFromFiles([scene('odd.mp4', 'one.mp3', 1_000)], small);
    const encoder = process.platform === 'darwin' ? 'h264_vaapi' : 'h264_videotoolbox';
    expect(await renderCut(manifest, at('software.mp4'), { encoder })).toMatchObject({ drawn: 1, encoder: 'libx264' });
  }, 60_000);

  it('tells where a clip was too short by far, where nothing is heard, and what is too long for a Short', async () => {
    await clip('brief.mp4', 'red', { seconds: 1 });
    await ffmpeg([...lavfi("aevalsrc='if(between(t,2,8),0,0.3*sin(2*PI*300*t))':d=10"), '-b:a', '128k', at('halting.mp3')]);
    const manifest = await planFromFiles([scene('brief.mp4', 'halting.mp3', 10_000)], small);
    const { findings } = await renderCut(manifest, at('told.mp4'));
    expect(findings).toEqual([
      {
        code: 'held',
        grave: false,
        message: 'Scene 1: the last frame of its clip is held from 1.3 to 10.4 s',
        from_ms: 1_250,
        to_ms: 10_417,
      },
      {
        code: 'silent',
        grave: false,
        message: expect.stringMatching(/^Silent from 2\.\d to 8\.\d s$/) as unknown,
        from_ms: expect.any(Number) as unknown,
        to_ms: expect.any(Number) as unknown,
      },
    ]);
  }, 60_000);

  it('slows a clip down to what its narration needs', async () => {
    await clip('slow.mp4', 'gray', { seconds: 4 });
    await tone('six.mp3', 5.4);
    const manifest = await planFromFiles([scene('slow.mp4', 'six.mp3', 5_400)], small);
    expect(manifest.scenes[0]).toMatchObject({ frames: 140, slowed: 1.2083 });
    await renderCut(manifest, at('slowed.mp4'));
    // The white box moves by 5 pixels a frame; it reaches its last place when the clip is over, at 96 * 1.2083 frames, and not before.
    const column = async (frame: number) => {
      const pick = `select='eq(n,${frame})',crop=iw:12:0:ih-20,scale=320:1:flags=area,format=gray`;
      const args = ['-v', 'error', '-i', at('slowed.mp4'), '-vf', pick, '-frames:v', '1', '-f', 'rawvideo', '-'];
      const { stdout } = await run('ffmpeg', args, { encoding: 'buffer' });
      return stdout.indexOf(Math.max(...stdout));
    };
    // Frame n of the cut shows about frame n / 1.2083 of the clip.
    expect(Math.abs((await column(60)) - (((60 / 1.2083) * 5) % 320))).toBeLessThan(14);
    expect(await column(139)).toBe(await column(118));
  }, 60_000);

  it('has an intro and an outro with their own sound, or silent ones', async () => {
    await clip('scene.mp4', 'blue');
    await clip('silent.mp4', 'green', { seconds: 1 });
    await ffmpeg([...lavfi('color=red:s=640x360:r=30:d=2'), ...lavfi('sine=f=700:d=2'), '-pix_fmt', 'yuv420p', at('intro.mp4')]);
    await tone('said.mp3', 2);
    const manifest = await planFromFiles([scene('scene.mp4', 'said.mp3', 2_000)], {
      ...small,
      intro: at('intro.mp4'),
      outro: at('silent.mp4'),
    });
    await renderCut(manifest, at('bookends.mp4'));
    const colors = (await colorsOf(at('bookends.mp4'))).map(([red = 0, green = 0]) =>
      red > 128 ? 'intro' : green > 90 ? 'outro' : 'scene',
    );
    const runs = colors.filter((color, frame) => color !== colors[frame - 1]);
    expect([runs, colors.lastIndexOf('intro') + 1, colors.indexOf('outro')]).toEqual([
      ['intro', 'scene', 'outro'],
      48,
      48 + (manifest.scenes[0]?.frames ?? 0),
    ]);
    const { stderr } = await run('ffmpeg', [
      '-v',
      'info',
      '-i',
      at('bookends.mp4'),
      '-af',
      'silencedetect=n=-50dB:d=0.3',
      '-f',
      'null',
      '-',
    ]);
    const begins = [...stderr.matchAll(/silence_start: ([\d.]+)/g)].map(([, time]) => Number(time));
    // Nothing is silent before the narration is over.
    expect(begins[0]).toBeGreaterThan(3.9);
  }, 60_000);
});

describe('a cut that cannot be made', () => {
  beforeAll(async () => {
    await clip('fine.mp4', 'red');
    await tone('fine.mp3', 3);
    await writeFile(at('zero.mp3'), '');
    await writeFile(at('zero.mp4'), '');
    await writeFile(at('noise.mp4'), Buffer.alloc(50_000, 7));
    await ffmpeg([...lavfi('testsrc=d=1'), '-frames:v', '1', '-f', 'image2', at('picture.png')]);
    await copyFile(at('picture.png'), at('picture.mp4'));
    await copyFile(at('fine.mp3'), at('sound.mp4'));
    const whole = await readFile(at('fine.mp4'));
    await ffmpeg(['-i', at('fine.mp4'), '-c', 'copy', '-movflags', '+faststart', at('front.mp4')]);
    const front = await readFile(at('front.mp4'));
    await writeFile(at('half.mp4'), front.subarray(0, front.length / 2));
    await writeFile(at('headless.mp4'), whole.subarray(0, whole.length - 2_000));
  });

  it.each([
    ['zero.mp4', 'fine.mp3', /zero\.mp4: it is empty/],
    ['noise.mp4', 'fine.mp3', /noise\.mp4: it is damaged or cut off/],
    ['picture.mp4', 'fine.mp3', /picture\.mp4: it holds no moving picture/],
    ['sound.mp4', 'fine.mp3', /sound\.mp4: it holds no moving picture/],
    ['half.mp4', 'fine.mp3', /half\.mp4: it is damaged or cut off/],
    ['headless.mp4', 'fine.mp3', /headless\.mp4: it holds no moving picture/],
    ['gone.mp4', 'fine.mp3', /gone\.mp4: it is not there/],
  ])('names %s before anything is made', async (picture, sound, why) => {
    const failure = await failureOf(planFromFiles([scene('fine.mp4', 'fine.mp3', 3_000), scene(picture, sound, 3_000)], small));
    expect(failure).toMatchObject({ code: 'MEDIA_UNUSABLE', kind: 'permanent' });
    expect(failure?.message).toMatch(why);
    expect(failure?.userMessage).toContain(picture);
  });

  it.each([
    ['zero.mp3', /zero\.mp3: it is empty/],
    ['picture.png', /picture\.png: it is damaged or cut off/],
    ['gone.mp3', /gone\.mp3: it is not there/],
  ])('names the narration %s, leaves no file and nothing half-written', async (sound, why) => {
    const manifest = await planFromFiles([scene('fine.mp4', 'fine.mp3', 3_000), scene('fine.mp4', sound, 3_000)], small);
    const before = await readdir(folder);
    const failure = await failureOf(renderCut(manifest, at('never.mp4')));
    expect(failure).toMatchObject({ code: 'MEDIA_UNUSABLE', kind: 'permanent' });
    expect(failure?.message).toMatch(why);
    expect(await readdir(folder)).toEqual(before);
  });

  it('names a clip whose frames are damaged in the middle, when it is drawn', async () => {
    const bytes = await readFile(at('front.mp4'));
    // The index is whole, the pictures are not.
    const pictures = bytes.indexOf('mdat');
    bytes.fill(0xff, Math.floor((pictures + bytes.length) / 2));
    await writeFile(at('scratched.mp4'), bytes);
    const manifest = await planFromFiles([scene('scratched.mp4', 'fine.mp3', 3_000)], { ...small, width: 160, height: 90 });
    const failure = await failureOf(renderCut(manifest, at('never.mp4')));
    expect(failure?.message).toMatch(/scratched\.mp4/);
    expect((await readdir(folder)).filter((name) => name.startsWith('never') || name.startsWith('.'))).toEqual([]);
  });

  it('takes of a clip of three hours what it needs', async () => {
    await ffmpeg([...lavfi('color=navy:s=320x180:r=24:d=10'), ...DELIVERED, at('ten.mp4')]);
    await ffmpeg(['-stream_loop', '1079', '-i', at('ten.mp4'), '-c', 'copy', at('hours.mp4')]);
    expect((await probe(at('hours.mp4'))).durationMs).toBe(3 * 3_600_000);
    const manifest = await planFromFiles([scene('hours.mp4', 'fine.mp3', 3_000), scene('fine.mp4', 'fine.mp3', 3_000)], small);
    await renderCut(manifest, at('of-hours.mp4'));
    expect((await colorsOf(at('of-hours.mp4'))).length).toBe(timeline(manifest).frames);
  }, 60_000);

  it('stops at once when it is told to, and leaves nothing', async () => {
    await clip('hold.mp4', 'red', { seconds: 1 });
    const manifest = await planFromFiles([scene('hold.mp4', 'fine.mp3', 3_600_000)], small);
    const stopping = new AbortController();
    const before = (await readdir(folder)).length;
    const rendering = failureOf(
      renderCut(manifest, at('never.mp4'), { signal: stopping.signal, onFrame: (frames) => frames > 20 && stopping.abort() }),
    );
    expect(await rendering).toMatchObject({ code: 'STOPPED', kind: 'transient' });
    expect((await readdir(folder)).length).toBe(before);
  }, 60_000);

  it('leaves the video that was there before', async () => {
    await writeFile(at('kept.mp4'), 'the one before');
    await writeFile(at('bad.mp3'), 'no sound at all');
    const manifest = await planFromFiles([scene('fine.mp4', 'bad.mp3', 3_000)], small);
    // The script gives it its name when it is whole; here it is written where it was told, and only at the end.
    expect(await failureOf(renderCut(manifest, at('kept.mp4')))).toMatchObject({ code: 'MEDIA_UNUSABLE' });
    expect(await readFile(at('kept.mp4'), 'utf8')).toBe('the one before');
  });
});
