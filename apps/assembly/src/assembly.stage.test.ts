import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ChannelSettings } from '#config';
import type { ArtifactRow } from '#database';
import type { ItemKind, Storyboard } from '#pipeline';
import type { Item, TaskView } from '#stage';
import { AssemblyStage } from './assembly.stage.js';
import { styleOf } from './cut-style.js';

const stage = new AssemblyStage({ BRAND_DIR: 'brand', CUT_ENCODER: 'libx264' });
const words = (text: string) => text.split(' ').map((word, index) => ({ word, start_ms: index * 400, end_ms: index * 400 + 350 }));
const ready: Partial<Record<ItemKind, object[]>> = {
  cut: [
    {
      path: 'final.mp4',
      simulated: true,
      result: {
        scenes: [
          { start_ms: 0, duration_ms: 2_000 },
          { start_ms: 2_000, duration_ms: 3_000 },
        ],
      },
    },
  ],
  narration: [
    { input: { text: 'Der Ozean wartet.' }, result: { words: words('Der Ozean wartet.') } },
    { input: { text: 'Nichts bewegt sich.' }, result: { words: [] } },
  ],
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assembly-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** An item of the stage, and what its script is told. */
function item<K extends ItemKind>(input: object, channel: Partial<ChannelSettings> = {}, more: object = {}) {
  const told: Record<string, unknown>[] = [];
  const made = {
    task: { channel: { language: 'de', ...channel } } as TaskView,
    ...{ position: 0, revision: 1, input, out: join(folder, 'made') },
    ready: (kind: ItemKind) => Promise.resolve(ready[kind] ?? []),
    file: ({ path }: ArtifactRow) => `/workspace/${path ?? ''}`,
    run: (name: string, args: object) => {
      told.push({ name, ...args });
      return Promise.resolve({ at_ms: 1_500 });
    },
    ...more,
  } as unknown as Item<K>;
  return { made, told };
}

describe('the captions of a cut', () => {
  it('are of all its scenes, also of one whose voice told no times', async () => {
    const { made } = item<'caption'>({ language: 'de' });
    expect(await stage.captions.make(made)).toEqual({
      ...{ result: { captions: 2 }, simulated: true },
      findings: [
        {
          code: 'captions',
          grave: false,
          from_ms: 2_000,
          to_ms: 5_000,
          message: expect.stringMatching(/^Scene 2: .* spread evenly from 2\.0 to 5\.0 s$/) as unknown,
        },
      ],
    });
    expect(await readFile(made.out, 'utf8')).toBe(
      '1\r\n00:00:00,000 --> 00:00:01,150\r\nDer Ozean wartet.\r\n\r\n2\r\n00:00:02,000 --> 00:00:05,000\r\nNichts bewegt sich.\r\n\r\n',
    );
  });

  it('are there for browsers, too', async () => {
    const { made } = item<'caption'>({ language: 'de' });
    await stage.captions.make(made);
    expect(await readFile(join(folder, 'captions.vtt'), 'utf8')).toBe(
      'WEBVTT\n\n00:00:00.000 --> 00:00:01.150\nDer Ozean wartet.\n\n00:00:02.000 --> 00:00:05.000\nNichts bewegt sich.\n\n',
    );
  });

  it('cannot be made without it', async () => {
    const { made } = item<'caption'>({}, {}, { ready: () => Promise.resolve([]) });
    await expect(stage.captions.make(made)).rejects.toMatchObject({ code: 'ITEM_MISSING' });
  });
});

describe('how a channel wants its cuts', () => {
  const size = { width: 1080, height: 1920 };
  const task = (cut: ChannelSettings['cut'], id = 'a') => ({ id, channel: { cut, youtube: { synthetic_media: true } } as ChannelSettings });

  it('is plain unless it says something', () => {
    expect(styleOf(task(undefined), size, 'brand')).toEqual({ ...size, fit: 'fill', synthetic: true });
  });

  it('takes its files from the folder of the brand, and what it leaves out as it is usual', () => {
    const cut = {
      fit: 'blur',
      breath_seconds: 0.25,
      crossfade_seconds: 0.5,
      intro: 'sea/intro.mp4',
      outro: 'outro.mp4',
      watermark: { file: 'mark.png', width: 0.2 },
      captions: { color: '#00ff00' },
    } as const;
    expect(styleOf(task({ ...cut, music: ['calm.mp3'] }), size, 'brand')).toEqual({
      ...{ ...size, fit: 'blur', synthetic: true, breathMs: 250, crossfadeMs: 500 },
      ...{ intro: 'brand/sea/intro.mp4', outro: 'brand/outro.mp4', music: 'brand/calm.mp3' },
      watermark: { file: 'brand/mark.png', corner: 'top_right', width: 0.2, opacity: 0.7 },
      captions: { font: 'Montserrat', size: 0.06, color: '#00ff00', highlight: '#ffe14d', outline: '#101010', position: 'bottom' },
    });
  });

  it('stops a cut before anything is drawn when a file of it is gone, and says what to do', async () => {
    const settled = [{ path: 'a', durationMs: 1_000, simulated: true, input: { text: 'a' } }];
    const more = { ready: () => Promise.resolve(settled) };
    const { made, told } = item<'cut'>({ scenes: 1 }, { cut: { intro: 'gone.mp4' } }, more);
    await expect(stage.cut.make(made)).rejects.toMatchObject({
      ...{ code: 'BRAND_FILE_MISSING', kind: 'permanent' },
      userMessage: expect.stringMatching(/^cut\.intro: there is no file gone\.mp4 in BRAND_DIR \(brand\)\. Put it there/) as unknown,
    });
    expect(told).toEqual([]);
  });

  it('gives each video one of its tracks, always the same', () => {
    const music = ['one.mp3', 'two.mp3', 'three.mp3'];
    const chosen = Array.from({ length: 300 }, (_, index) => styleOf(task({ music }, `task ${index}`), size, 'brand').music);
    for (const track of music) expect(chosen.filter((file) => file === `brand/${track}`).length).toBeGreaterThan(60);
    expect(styleOf(task({ music }, 'task 7'), size, 'brand').music).toBe(chosen[7]);
  });
});

describe('the thumbnails of a cut', () => {
  it('are three, with the title of the storyboard', () => {
    const storyboard = { title: 'Die große Flut' } as Storyboard;
    expect(stage.thumbnails.plan({} as TaskView, storyboard)).toEqual(Array(3).fill({ title: 'Die große Flut' }));
  });

  it('show the title as it is written in capitals, unless the channel wants it otherwise', async () => {
    const plain = item<'thumbnail'>({ title: 'Die große Flut' }, {}, { position: 1, revision: 3 });
    expect(await stage.thumbnails.make(plain.made)).toEqual({ result: { at_ms: 1_500 }, simulated: true });
    expect(plain.told).toEqual([
      { name: 'create-thumbnail', video: '/workspace/final.mp4', candidate: 2, again: 2, title: 'DIE GROSSE FLUT' },
    ]);
    const thumbnail = { uppercase: false, text_color: '#ffe14d', outline_color: '#101010', position: 'top', font: 'Anton' } as const;
    const styled = item<'thumbnail'>({ title: 'Die große Flut' }, { thumbnail });
    await stage.thumbnails.make(styled.made);
    expect(styled.told).toMatchObject([
      { again: 0, title: 'Die große Flut', color: '#ffe14d', outline: '#101010', position: 'top', font: 'Anton' },
    ]);
    const bare = item<'thumbnail'>({ title: 'Die große Flut' }, { thumbnail: { text: 'none' } });
    await stage.thumbnails.make(bare.made);
    expect(bare.told[0]).not.toHaveProperty('title');
  });
});
