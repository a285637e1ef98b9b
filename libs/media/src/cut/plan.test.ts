import { describe, expect, it } from '@jest/globals';
import { SHAPES } from '#pipeline';
import fc from 'fast-check';
import { Clips, type Clip } from './clip.js';
import { findingsOf } from './findings.js';
import { FRAME_RATES, Manifest, sceneTimes, timeline } from './manifest.js';
import { BREATH_MS, planCut, type CutStyle, type SceneToCut } from './plan.js';

const style: CutStyle<Clip> = { ...SHAPES.landscape, fit: 'fill' };

/** A clip that can be cut cleanly after every third frame and at its end. */
function clip(frames: number, rate = 24, path = 'clip.mp4'): Clip {
  const cleanCuts = Array.from({ length: frames }, (_, index) => index + 1).filter((cut) => cut % 3 === 0 || cut === frames);
  return {
    path,
    ...SHAPES.landscape,
    rate,
    frames,
    durationMs: (frames * 1_000) / rate,
    copy: { form: 'one', timeBase: 12_288, cleanCuts, decodedAt: [] },
  };
}

const scene = (frames: number, narrationMs: number): SceneToCut<Clip> => ({ clip: clip(frames), narration: 'voice.mp3', narrationMs });

describe('the plan of a cut', () => {
  it('gives a scene its narration, a breath, and the few frames that spare encoding', () => {
    // 4 s and 0.4 s of breath are 105.6 frames; the next clean cut is after 108.
    expect(planCut([scene(121, 4_000)], style).scenes).toEqual([{ clip: 'clip.mp4', narration: 'voice.mp3', frames: 108 }]);
    const uncut = { ...clip(121), copy: null };
    expect(planCut([{ ...scene(121, 4_000), clip: uncut }], style).scenes[0]?.frames).toBe(106);
    expect(planCut([{ ...scene(121, 4_000), clip: uncut }], { ...style, breathMs: 1_000 }).scenes[0]?.frames).toBe(120);
  });

  it('shows a clip without a narration to its end', () => {
    expect(planCut([{ clip: clip(121), narrationMs: 0 }], style).scenes).toEqual([{ clip: 'clip.mp4', frames: 121 }]);
  });

  it('holds a last frame for a moment, slows down what would stop for longer, and holds what is missing then', () => {
    expect(planCut([scene(120, 5_400)], style).scenes[0]).toEqual({ clip: 'clip.mp4', narration: 'voice.mp3', frames: 140 });
    // 6.2 s and a breath: 159 frames, of which the last 24 may be held; the other 135 come from 120.
    expect(planCut([scene(120, 6_200)], style).scenes[0]).toMatchObject({ frames: 159, slowed: 1.125 });
    expect(planCut([scene(120, 12_000)], style).scenes[0]).toMatchObject({ frames: 298, slowed: 1.25 });
  });

  it('has the rate of most clips, and counts the others in it', () => {
    const mixed = [clip(121, 24), clip(150, 30), clip(300, 30)].map((one) => ({ clip: one, narrationMs: 0 }));
    const { frames_per_second, scenes } = planCut(mixed, style);
    expect([frames_per_second, ...scenes.map(({ frames }) => frames)]).toEqual([30, 151, 150, 300]);
    expect(planCut([{ clip: clip(100, 23.976), narrationMs: 0 }], style).frames_per_second).toBe(24);
  });

  it('has no crossfade that a scene is too short for', () => {
    const short = planCut([scene(120, 4_000), scene(120, 300)], { ...style, breathMs: 0, crossfadeMs: 1_000 });
    expect([short.scenes[1]?.frames, short.crossfade_frames]).toEqual([8, 4]);
    expect(planCut([scene(120, 4_000)], { ...style, crossfadeMs: 1_000 })).not.toHaveProperty('crossfade_frames');
  });

  const clips = fc.record({
    frames: fc.integer({ min: 1, max: 400 }),
    rate: fc.constantFrom(23.976, 25, ...FRAME_RATES),
    narrationMs: fc.integer({ min: 0, max: 60_000 }),
  });
  const bookend = fc.option(fc.integer({ min: 1, max: 200 }), { nil: undefined });

  it('has no gap and no overlap, never cuts speech, and adds up to the frame', () => {
    fc.assert(
      fc.property(
        fc.array(clips, { minLength: 1, maxLength: 30 }),
        fc.record({ breathMs: fc.integer({ min: 0, max: 3_000 }), crossfadeMs: fc.integer({ min: 0, max: 2_000 }) }),
        bookend,
        bookend,
        (rows, { breathMs, crossfadeMs }, intro, outro) => {
          const scenes = rows.map(({ frames, rate, narrationMs }) => ({ clip: clip(frames, rate), narrationMs }));
          const bookends = { ...(intro && { intro: clip(intro) }), ...(outro && { outro: clip(outro) }) };
          const manifest = planCut(scenes, { ...style, breathMs, crossfadeMs, ...bookends });
          const rate = manifest.frames_per_second;
          const line = timeline(manifest);
          const passages = [line.intro, ...line.scenes, line.outro].filter((passage) => passage !== null);
          let at = 0;
          for (const { from, frames } of passages) {
            expect(from).toBe(at);
            expect(Number.isInteger(frames) && frames > 0).toBe(true);
            at += frames;
          }
          expect(line.frames).toBe(at);
          manifest.scenes.forEach(({ frames, slowed = 1 }, index) => {
            const spokenMs = rows[index]?.narrationMs ?? 0;
            expect((frames * 1_000) / rate).toBeGreaterThanOrEqual(spokenMs > 0 ? spokenMs + breathMs - 1e-6 : 0);
            expect((frames * 1_000) / rate).toBeLessThan(spokenMs > 0 ? spokenMs + breathMs + 450 : Infinity);
            expect(slowed).toBeLessThanOrEqual(1.25);
            expect(manifest.crossfade_frames ?? 0).toBeLessThanOrEqual(frames / 2);
          });
          const times = sceneTimes(manifest);
          times.forEach(({ start_ms, duration_ms }, index) => {
            expect(times[index + 1]?.start_ms ?? start_ms + duration_ms).toBe(start_ms + duration_ms);
          });
        },
      ),
    );
  });

  it('leaves a breath unless it is told otherwise', () => {
    const [first] = planCut([{ ...scene(400, 5_000), clip: { ...clip(400), copy: null } }], style).scenes;
    expect(first?.frames).toBe(Math.ceil(((5_000 + BREATH_MS) * 24) / 1_000));
  });

  it('is too long for a Short from three minutes on, if it is upright', () => {
    const long = Array.from({ length: 20 }, () => scene(240, 9_000));
    const clips = new Clips(new Map([['clip.mp4', clip(240)]]));
    const measured = { loudness: -14, peak: -1.5, silences: [] };
    const codes = (shape: keyof typeof SHAPES) =>
      findingsOf(planCut(long, { ...style, ...SHAPES[shape] }), clips, measured).map(({ code }) => code);
    expect([codes('portrait'), codes('landscape')]).toEqual([['length'], []]);
  });

  it('is what a manifest has to be', async () => {
    const { parse } = await import('#pipeline');
    const manifest = planCut(
      [{ ...scene(120, 4_000), soundEffect: 'waves.wav', chapter: 'The reef', words: [{ word: 'sea', start_ms: 0, end_ms: 9 }] }],
      {
        ...{ ...style, intro: clip(48), outro: clip(24), music: 'calm.mp3', crossfadeMs: 500 },
        watermark: { file: 'mark.png', corner: 'top_left', width: 0.1, opacity: 1 },
        captions: { font: 'Montserrat', size: 0.06, color: '#ffffff', highlight: '#ffe14d', outline: '#000000', position: 'top' },
      },
    );
    expect(parse(Manifest, JSON.parse(JSON.stringify(manifest)), { forbidNonWhitelisted: true })).toEqual({ ok: true, value: manifest });
    expect(manifest.scenes[0]?.words).toEqual([{ word: 'sea', start_ms: 0, end_ms: 9 }]);
  });
});
