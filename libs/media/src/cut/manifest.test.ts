import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { SHAPES, parse } from '#pipeline';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { manifestSchema } from '../../../../test/media/manifest-schema.js';
import type { Clip } from './clip.js';
import { Manifest } from './manifest.js';
import { planCut } from './plan.js';

const isManifest = new Ajv2020({ allErrors: true }).compile(manifestSchema());
/** What the schema and the class say of some data; whoever believes the one must not be surprised by the other. */
const verdicts = (data: unknown) => ({ schema: isManifest(data), class: parse(Manifest, data, { forbidNonWhitelisted: true }).ok });
const GOOD = { schema: true, class: true };
const BAD = { schema: false, class: false };

const clip: Clip = { path: 'clip.mp4', ...SHAPES.landscape, rate: 24, frames: 120, durationMs: 5_000, copy: null };
const scene = { clip, narration: 'voice.mp3', narrationMs: 6_200 };
/** As it stands in a file. */
const written = (manifest: Manifest) => JSON.parse(JSON.stringify(manifest)) as Pick<Manifest, keyof Manifest>;
const least = written(planCut([scene], { ...SHAPES.landscape, fit: 'fill' }));
const watermark = { file: 'mark.png', corner: 'top_left', width: 0.1, opacity: 1 } as const;
const captions = {
  ...{ font: 'Montserrat', size: 0.06, color: '#ffffff', highlight: '#FFE14D', outline: '#101010' },
  position: 'top' as const,
};
const words = [{ word: 'sea', start_ms: 0, end_ms: 400 }];
const most = written(
  planCut([{ ...scene, soundEffect: 'waves.wav', chapter: 'The reef', words }, scene], {
    ...{ ...SHAPES.portrait, fit: 'blur', crossfadeMs: 500, intro: clip, outro: clip, music: 'calm.mp3' },
    ...{ watermark, captions, synthetic: true },
  }),
);

describe('docs/manifest.schema.json', () => {
  it('is what the class says; npm run manifest-schema writes it anew', async () => {
    expect(JSON.parse(await readFile('docs/manifest.schema.json', 'utf8'))).toEqual(manifestSchema());
  });

  it('takes what is planned, with as little and with as much as there can be', () => {
    for (const manifest of [least, most]) expect(verdicts(manifest)).toEqual(GOOD);
    expect(most).toMatchObject({ crossfade_frames: 12, captions, watermark, scenes: [{ slowed: 1.125, words }, {}] });
  });

  it('takes the example of docs/cut.md', async () => {
    const [, example = ''] = /```json\n(.*?)```/s.exec(await readFile('docs/cut.md', 'utf8')) ?? [];
    expect(verdicts(JSON.parse(example))).toEqual(GOOD);
  });

  const first = { ...scene, clip: clip.path };
  const { scenes: _scenes, ...sceneless } = most;
  it.each<[string, object]>([
    ['a key that it does not know', { ...most, musik: 'calm.mp3' }],
    ['one in a scene', { ...most, scenes: [{ ...first, clips: [] }] }],
    ['one in a word', { ...most, scenes: [{ ...first, words: [{ ...words[0], end: 400 }] }] }],
    ['one in the watermark', { ...most, watermark: { ...watermark, margin: 1 } }],
    ['a corner that is none', { ...most, watermark: { ...watermark, corner: 'middle' } }],
    ['a watermark without a corner', { ...most, watermark: { ...watermark, corner: undefined } }],
    ['a yes in words', { ...most, synthetic: 'yes' }],
    ['another version', { ...most, version: 1 }],
    ['an unusual rate', { ...most, frames_per_second: 23.976 }],
    ['half a frame', { ...most, scenes: [{ ...first, frames: 119.5 }] }],
    ['a scene without a clip', { ...most, scenes: [{ frames: 24 }] }],
    ['no scene', { ...most, scenes: [] }],
    ['no list of scenes', sceneless],
    ['a colour by its name', { ...most, captions: { ...captions, color: 'white' } }],
    ['a font that is an order to the renderer', { ...most, captions: { ...captions, font: 'Arial,{b}' } }],
    ['a clip that is slowed to nothing', { ...most, scenes: [{ ...first, slowed: 5 }] }],
  ])('refuses %s, as the class does', (_what, data) => {
    expect(verdicts(JSON.parse(JSON.stringify(data)))).toEqual(BAD);
  });
});
