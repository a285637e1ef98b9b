import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { burnedCaptions } from './burned-captions.js';

const look = { font: 'Montserrat', size: 0.08, color: '#ffffff', highlight: '#ffe14d', outline: '#101010', position: 'bottom' } as const;
const landscape = { width: 1920, height: 1080 };
const LIT = '&H004DE1FF';

interface Line {
  startMs: number;
  endMs: number;
  text: string;
  /** The word that stands out. */
  lit: string | undefined;
}

function linesOf(captions: string | null): Line[] {
  const ms = (time: string) => {
    const [hours = 0, minutes = 0, seconds = 0] = time.split(':').map(Number);
    return Math.round(((hours * 60 + minutes) * 60 + seconds) * 1_000);
  };
  return (captions ?? '').split('\n').flatMap((line) => {
    const [, start = '', end = '', text = ''] = /^Dialogue: 0,([^,]+),([^,]+),Words,,0,0,0,,(.*)$/.exec(line) ?? [];
    if (!start) return [];
    const lit = new RegExp(`\\{\\\\c${LIT}\\}(.*?)\\{\\\\c\\}`).exec(text)?.[1];
    return [{ startMs: ms(start), endMs: ms(end), text: text.replace(/\{\\[^}]*\}/g, ''), lit }];
  });
}

const words = (text: string, everyMs = 300) =>
  text.split(' ').map((word, index) => ({ word, start_ms: index * everyMs, end_ms: (index + 1) * everyMs - 40 }));

describe('captions in the picture', () => {
  it('are a few words in a line, each lit while it is said, up to the end of a sentence', () => {
    const lines = linesOf(burnedCaptions(words('The sea is old. Nothing down there is in a hurry'), 10_000, look, landscape));
    expect(lines.map(({ text }) => text)).toEqual([
      ...Array<string>(4).fill('The sea is old.'),
      ...Array<string>(3).fill('Nothing down there'),
      ...Array<string>(4).fill('is in a hurry'),
    ]);
    expect(lines.map(({ lit }) => lit)).toEqual('The sea is old. Nothing down there is in a hurry'.split(' '));
    expect(lines[1]).toMatchObject({ startMs: 300, endMs: 600 });
    // The last one stays a moment longer, and no longer.
    expect(lines.at(-1)).toMatchObject({ startMs: 3_000, endMs: 3_300 - 40 + 400 });
  });

  it('wait with what comes after a silence', () => {
    const [first, second] = [words('Wait'), words('Now').map((word) => ({ ...word, start_ms: 3_000, end_ms: 3_400 }))];
    expect(linesOf(burnedCaptions([...first, ...second], 5_000, look, landscape))).toMatchObject([
      { text: 'Wait', startMs: 0, endMs: 660 },
      { text: 'Now', startMs: 3_000, endMs: 3_800 },
    ]);
  });

  it('hold fewer words where the picture is narrow, and draw one smaller that is too long for it', () => {
    const portrait = { width: 1080, height: 1920 };
    const text = 'Something enormous is approaching us from below';
    expect(new Set(linesOf(burnedCaptions(words(text), 5_000, look, landscape)).map((line) => line.text)).size).toBe(2);
    expect(new Set(linesOf(burnedCaptions(words(text), 5_000, look, portrait)).map((line) => line.text)).size).toBe(3);
    expect(burnedCaptions(words('Donaudampfschifffahrtsgesellschaft'), 5_000, look, portrait)).toMatch(/\{\\fscx(\d\d)\\fscy\1\}/);
  });

  it('give no orders to the renderer', () => {
    const captions = burnedCaptions(words('{\\b1} \\N {x'), 5_000, look, landscape) ?? '';
    const text = captions.slice(captions.indexOf('Dialogue'));
    expect(text).toContain('\\{\\\u2060b1\\}');
    expect(text).not.toMatch(/\\N/);
  });

  it('are none where nothing is said', () => {
    expect(burnedCaptions([], 5_000, look, landscape)).toBeNull();
    expect(burnedCaptions([{ word: ' ', start_ms: 0, end_ms: 10 }], 5_000, look, landscape)).toBeNull();
    expect(burnedCaptions([{ word: 'late', start_ms: 6_000, end_ms: 6_100 }], 5_000, look, landscape)).toBeNull();
  });

  it('never overlap, stay inside the scene, and leave no word of it out, whatever the voice has told', () => {
    const word = fc.record({
      word: fc.stringMatching(/^[a-zé.!,]{1,14}$/),
      start_ms: fc.integer({ min: 0, max: 20_000 }),
      end_ms: fc.integer({ min: 0, max: 20_000 }),
    });
    fc.assert(
      fc.property(fc.array(word, { maxLength: 60 }), fc.integer({ min: 500, max: 20_000 }), (said, durationMs) => {
        const lines = linesOf(burnedCaptions(said, durationMs, look, landscape));
        let before = 0;
        for (const { startMs, endMs } of lines) {
          expect(startMs).toBeGreaterThanOrEqual(before);
          expect(endMs).toBeGreaterThanOrEqual(startMs);
          expect(endMs).toBeLessThanOrEqual(durationMs + 5);
          before = endMs;
        }
        let earliest = 0;
        const seen = said.filter(({ start_ms }) => {
          const start = Math.max(earliest, start_ms);
          if (start < durationMs) earliest = start;
          return start < durationMs;
        });
        expect(lines.map(({ lit }) => lit)).toEqual(seen.map((one) => one.word));
      }),
    );
  });
});
