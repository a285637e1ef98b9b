import { describe, expect, it } from '@jest/globals';
import { asWritten, spoken } from '#pipeline';

const SAY = [
  { word: 'Cthulhu', say: 'kuh THOO loo' },
  { word: 'Öre', say: 'uh-reh' },
];

describe('spoken', () => {
  it.each([
    ['Cthulhu sleeps.', 'kuh THOO loo sleeps.'],
    ['Wake not CTHULHU!', 'Wake not kuh THOO loo!'],
    ["Cthulhu's city", "kuh THOO loo's city"],
    ['Cthulhus are many', 'Cthulhus are many'],
    ['Zehn Öre, keine Öresund', 'Zehn uh-reh, keine Öresund'],
  ])('%j is said as %j', (text, said) => {
    expect(spoken(text, SAY)).toBe(said);
  });

  it('takes a word and its sound as they are, whatever they are made of', () => {
    expect(spoken('a C++ b', [{ word: 'C++', say: '$& see' }])).toBe('a $& see b');
  });
});

describe('asWritten', () => {
  const times = (words: string) => words.split(' ').map((word, index) => ({ word, start_ms: index * 100, end_ms: index * 100 + 90 }));

  it('gives the times of what was said to what is written', () => {
    expect(asWritten('Wake Cthulhu now.', SAY, times('Wake kuh THOO loo now.'))).toEqual([
      { word: 'Wake', start_ms: 0, end_ms: 90 },
      { word: 'Cthulhu', start_ms: 100, end_ms: 390 },
      { word: 'now.', start_ms: 400, end_ms: 490 },
    ]);
  });

  it('leaves what was said where the voice counts other words', () => {
    const said = times('ten o clock');
    expect(asWritten('10 Cthulhu', SAY, said)).toEqual(said);
    expect(asWritten('no words', SAY, [])).toEqual([]);
  });
});
