import { describe, expect, it } from '@jest/globals';
import type { WordTiming } from '#pipeline';
import fc from 'fast-check';
import { captionsOf, srt, vtt, type Caption, type SpokenScene } from './captions.js';

/** A text spoken at a steady pace, with a breath after each sentence. */
function spoken(text: string, startMs = 0, { letterMs = 60, breathMs = 300, restMs = 400 } = {}): SpokenScene {
  let at = 0;
  const words = text.split(/\s+/).map((word): WordTiming => {
    const start_ms = at;
    const end_ms = start_ms + word.length * letterMs;
    at = end_ms + (/[.!?]$/.test(word) ? breathMs : 40);
    return { word, start_ms, end_ms };
  });
  return { startMs, durationMs: (words.at(-1)?.end_ms ?? 0) + restMs, text, words };
}

const textOf = ({ lines }: Caption) => lines.join(' ');
const lengthMs = ({ startMs, endMs }: Caption) => endMs - startMs;

describe('captions', () => {
  it('end with sentences and clauses, in lines of about the same length', () => {
    const scene = spoken(
      'The heron waits in the shallows, as still as a reed. Nothing moves. Then, faster than the eye can follow, its bill strikes the water and a fish is gone.',
    );
    const long = spoken(
      'Far below the last of the light, where no storm has ever been felt, the old whale turns slowly, and listens to the ice.',
    );
    expect(captionsOf([long]).map(({ lines }) => lines)).toEqual([
      ['Far below the last of the light,', 'where no storm has ever been felt,'],
      ['the old whale turns slowly,', 'and listens to the ice.'],
    ]);
    expect(captionsOf([scene]).map(({ lines }) => lines)).toEqual([
      ['The heron waits in the shallows,', 'as still as a reed. Nothing moves.'],
      ['Then, faster than the eye can follow, its', 'bill strikes the water and a fish is gone.'],
    ]);
  });

  it('stay while they are read, as long as nothing else is said', () => {
    const [one, two] = captionsOf([
      spoken('Silence.', 0, { letterMs: 40, restMs: 5_000 }),
      spoken('The sea is old, and it remembers all of it.', 5_320, { letterMs: 10, restMs: 5_000 }),
    ]);
    expect(one).toMatchObject({ startMs: 0, endMs: 1_000 });
    expect(two && lengthMs(two)).toBe(Math.round((43 / 17) * 1_000));
  });

  it('of a scene begin with it, and leave no flicker between one scene and the next', () => {
    const first = spoken('The tide turns.', 0, { restMs: 60 });
    const second = spoken('It always does.', first.durationMs + 0, { restMs: 60 });
    const late = { ...second, words: second.words.map((word) => ({ ...word, start_ms: word.start_ms + 30, end_ms: word.end_ms + 30 })) };
    const [one, two] = captionsOf([first, late]);
    expect([one?.endMs, two?.startMs]).toEqual([first.durationMs, first.durationMs]);
  });

  it('of a text without spaces break where its words do, wide letters counting twice', () => {
    const text =
      '海洋覆盖了地球表面的百分之七十以上，但我们对深海的了解却少于对月球表面的了解。在那里，阳光永远无法到达，水压足以压碎钢铁。';
    const captions = captionsOf([{ startMs: 0, durationMs: 14_000, text, words: [{ word: text, start_ms: 0, end_ms: 13_500 }] }]);
    expect(captions.map(({ lines }) => lines.join('')).join('')).toBe(text);
    for (const line of captions.flatMap(({ lines }) => lines)) expect(line.length).toBeLessThanOrEqual(21);
    for (const caption of captions) expect(lengthMs(caption)).toBeGreaterThanOrEqual(1_000);
    expect(captions.map((caption) => textOf(caption).at(-1))).toEqual(expect.arrayContaining(['，', '。']));
  });

  it('of a voice that told no times, or none that can be true, are spread over the scene', () => {
    const text = 'The sea is old. It was here before the land, and will be here when it is gone.';
    const untold = captionsOf([{ startMs: 500, durationMs: 6_000, text, words: [] }]);
    expect(untold.map(textOf).join(' ')).toBe(text);
    expect(untold[0]?.startMs).toBe(500);
    expect(untold.at(-1)?.endMs).toBe(6_500);
    const words = text.split(' ').map((word) => ({ word, start_ms: 99_000, end_ms: 99_000 }));
    expect(captionsOf([{ startMs: 500, durationMs: 6_000, text, words }])).toEqual(untold);
  });

  it('of nothing are none', () => {
    expect(captionsOf([])).toEqual([]);
    expect(captionsOf([{ startMs: 0, durationMs: 1_000, text: ' ', words: [] }])).toEqual([]);
  });
});

describe('captions of whatever is said', () => {
  const word = fc.oneof(
    { weight: 8, arbitrary: fc.stringMatching(/^[a-zäöü]{1,14}[,.;:!?]?$/) },
    { weight: 1, arbitrary: fc.constantFrom('<b>', '-->', '&', '3<5', 'a&amp;b', '深い', '🐋', 'سلام،') },
    { weight: 1, arbitrary: fc.stringMatching(/^[a-z]{43,130}$/) },
  );
  const said = fc.record({ word, pauseMs: fc.nat(3_000), letterMs: fc.integer({ min: 30, max: 110 }) });
  const scene = fc.record({ said: fc.array(said, { minLength: 1, maxLength: 40 }), restMs: fc.nat(4_000) });
  const video = fc.array(scene, { minLength: 1, maxLength: 6 }).map((scenes) => {
    let startMs = 0;
    return scenes.map(({ said, restMs }): SpokenScene => {
      let at = 0;
      const words = said.map(({ word, pauseMs, letterMs }): WordTiming => {
        const start_ms = at + pauseMs;
        at = start_ms + word.length * letterMs;
        return { word, start_ms, end_ms: at };
      });
      const durationMs = at + restMs;
      startMs += durationMs;
      return { startMs: startMs - durationMs, durationMs, text: words.map(({ word }) => word).join(' '), words };
    });
  });
  const always = (holds: (captions: Caption[], scenes: SpokenScene[]) => void) => {
    fc.assert(
      fc.property(video, (scenes) => holds(captionsOf(scenes), scenes)),
      { numRuns: 300 },
    );
  };
  const inScene = (caption: Caption, { startMs, durationMs }: SpokenScene) =>
    caption.startMs >= startMs && caption.endMs <= startMs + durationMs;

  it('keep every word as it is written, in order', () => {
    always((captions, scenes) => {
      const letters = (text: string) => text.replaceAll(/\s/g, '');
      expect(letters(captions.map(textOf).join(''))).toBe(letters(scenes.map(({ text }) => text).join('')));
      const short = scenes.flatMap(({ words }) => words.map(({ word }) => word)).filter((word) => word.length <= 21);
      const shown = captions.map(textOf).join(' ').split(' ');
      let at = 0;
      for (const word of short) expect((at = shown.indexOf(word, at) + 1)).toBeGreaterThan(0);
    });
  });

  it('have one or two lines of at most 42 letters', () => {
    always((captions) => {
      for (const { lines } of captions) {
        expect([1, 2]).toContain(lines.length);
        for (const line of lines) expect(Array.from(line).length).toBeLessThanOrEqual(42);
        for (const line of lines) expect(line).toBe(line.trim());
      }
    });
  });

  it('are in order, apart by nothing or at least 100 ms, each inside its scene and at most 7 s long', () => {
    always((captions, scenes) => {
      captions.forEach((caption, index) => {
        const next = captions[index + 1];
        expect(lengthMs(caption)).toBeGreaterThan(0);
        expect(lengthMs(caption)).toBeLessThanOrEqual(7_000);
        expect(scenes.some((one) => inScene(caption, one))).toBe(true);
        if (!next) return;
        const gap = next.startMs - caption.endMs;
        expect(gap === 0 || gap >= 100).toBe(true);
      });
    });
  });

  it('last at least 1 s where their scene gives them that', () => {
    always((captions, scenes) => {
      for (const scene of scenes) {
        const own = captions.filter((caption) => inScene(caption, scene));
        // Fast words may fill their lines sooner; then no caption could be longer without another being torn.
        const short = own.filter((caption) => lengthMs(caption) < 1_000);
        const [only] = own;
        if (own.length === 1 && only && scene.durationMs >= 1_000) expect(short).toEqual([]);
        for (const caption of short) {
          const at = captions.indexOf(caption);
          const [before, after] = [captions[at - 1], captions[at + 1]];
          expect(caption.startMs - Math.max(scene.startMs, before?.endMs ?? 0)).toBe(0);
          expect(Math.min(scene.startMs + scene.durationMs, after?.startMs ?? Infinity) - caption.endMs).toBe(0);
        }
      }
    });
  });

  it('begin when their first word is said, or early by less than 1 s', () => {
    always((captions, scenes) => {
      const spokenAt = scenes.flatMap(({ startMs, words }) => words.map((one) => ({ word: one.word, at: startMs + one.start_ms })));
      for (const caption of captions) {
        const first = caption.lines[0]?.split(' ')[0] ?? '';
        const near = spokenAt.filter(({ word, at }) => word.startsWith(first) && at >= caption.startMs && at - caption.startMs <= 1_000);
        if (first.length < 42 && spokenAt.some(({ word }) => word === first)) expect(near).not.toEqual([]);
      }
    });
  });
});

describe('files of captions', () => {
  const captions: Caption[] = [
    { startMs: 0, endMs: 1_500, lines: ['Tom & Jerry'] },
    { startMs: 3_723_004, endMs: 3_725_000, lines: ['1 < 2 --> true', '<b>bold</b> 🐋 深い'] },
  ];

  it('are SubRip', () => {
    expect(srt(captions)).toBe(
      '1\r\n00:00:00,000 --> 00:00:01,500\r\nTom & Jerry\r\n\r\n' +
        '2\r\n01:02:03,004 --> 01:02:05,000\r\n1 ‹ 2 → true\r\n‹b›bold‹/b› 🐋 深い\r\n\r\n',
    );
  });

  it('are WebVTT', () => {
    expect(vtt(captions)).toBe(
      'WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nTom &amp; Jerry\n\n' +
        '01:02:03.004 --> 01:02:05.000\n1 &lt; 2 --&gt; true\n&lt;b&gt;bold&lt;/b&gt; 🐋 深い\n\n',
    );
  });
});
