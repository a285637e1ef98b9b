import { describe, expect, it } from '@jest/globals';
import { formatRedo, parseRedo, type RedoGroup, type RedoKind } from '#pipeline';
import fc from 'fast-check';

const group = (kind: RedoKind, positions: RedoGroup['positions'], note = ''): RedoGroup => ({ kind, positions, note });

describe('what a reviewer writes', () => {
  it.each<[string, RedoGroup[]]>([
    ['images 3, 7; clips 2', [group('image', [2, 6]), group('clip', [1])]],
    ['Image 3', [group('image', [2])]],
    ['REDO: pictures 3 and 7\nVideo 2', [group('image', [2, 6]), group('clip', [1])]],
    ['redo clip2,clip 4', [group('clip', [1]), group('clip', [3])]],
    ['image 3, 7, 12 and clip 2 and 5', [group('image', [2, 6, 11]), group('clip', [1, 4])]],
    ['images: 7 3 3, and 5', [group('image', [2, 4, 6])]],
    ['images #3, no. 7', [group('image', [2, 6])]],
    ['clips 2-4, 9', [group('clip', [1, 2, 3, 8])]],
    ['clips 2 – 4; narrations 1 to 3; clip 6..7', [group('clip', [1, 2, 3]), group('narration', [0, 1, 2]), group('clip', [5, 6])]],
    ['all clips', [group('clip', 'all')]],
    ['Please all of the images, and also every voice', [group('image', 'all'), group('narration', 'all')]],
    ['clips all (too fast); the composite 1', [group('clip', 'all', 'too fast'), group('composite', [0])]],
    ['sound effect 3 + sfx 4. Effects 5', [group('sound_effect', [2]), group('sound_effect', [3]), group('sound_effect', [4])]],
    ['voice-over 2; voices 3; voiceover 4', [group('narration', [1]), group('narration', [2]), group('narration', [3])]],
    ['cut', [group('cut', [0])]],
    ['redo: thumbnail 2', [group('thumbnail', [1])]],
    ['thumbs 1, 3 (too dark); Subtitles: a typo', [group('thumbnail', [0, 2], 'too dark'), group('caption', [0], 'a typo')]],
    ['The final cut - music too loud', [group('cut', [0], 'music too loud')]],
    ['storyboard: 12 scenes, with a calmer end', [group('storyboard', [0], '12 scenes, with a calmer end')]],
    ['cut 1; final video (again)', [group('cut', [0]), group('cut', [0], 'again')]],
    ['images 3, 7 (too dark); clips 2 - too fast', [group('image', [2, 6], 'too dark'), group('clip', [1], 'too fast')]],
    ['image 3: too dark; 7: too bright', [group('image', [2], 'too dark'), group('image', [6], 'too bright')]],
    ['image 3 [too dark], 7 (too\nbright; really)', [group('image', [2], 'too dark'), group('image', [6], 'too bright; really')]],
    ['clip 2: 3 seconds, then it stops', [group('clip', [1], '3 seconds, then it stops')]],
    ['clip 2 (like clip 3, clip 4 (or so)', [group('clip', [1], 'like clip 3, clip 4 (or so)')]],
    ['clip 2 — the fish (left) flickers\r\nclip 3', [group('clip', [1], 'the fish (left) flickers'), group('clip', [2])]],
    ['', []],
    [' redo: ;, \n', []],
  ])('%j', (text, groups) => {
    expect(parseRedo(text)).toEqual({ groups, problems: [] });
  });

  it.each<[string, RedoGroup[], RegExp[]]>([
    ['frames 3, 7', [], [/^"frames 3, 7" was not understood/]],
    ['3, 7', [], [/^"3, 7" was not understood/]],
    ['everything', [], [/"everything"/]],
    ['images', [], [/^"images" does not say which images\. .*"all images"/]],
    ['images: too dark; clip 2', [group('clip', [1])], [/^"images: too dark" does not say which images/]],
    ['images and clips 3', [group('clip', [2])], [/"images" does not say/]],
    ['not clip 3', [group('clip', [2])], [/^"not" was not understood/]],
    ['all clips except 3', [group('clip', 'all')], [/^"except 3" was not understood/]],
    ['image 3 is too dark, clip 2', [group('image', [2]), group('clip', [1])], [/^"is too dark," was not understood/]],
    ['image 3 (dark) (and cold)', [group('image', [2], 'dark')], [/^"\(and cold\)" was not understood/]],
    ['clips 2-4-6', [group('clip', [1, 2, 3])], [/^"-6" was not understood/]],
    ['clip 0, 2', [group('clip', [1])], [/^"0": clips are counted from 1/]],
    ['clips 4-2', [], [/^"4-2" counts backwards\. Write "2-4"/]],
    ['clips 1-1000000000000', [], [/numbers go up to 999/]],
    ['clips 0 (too dark)', [], [/^"0": clips are/, /^"too dark" is a reason for nothing/]],
    ['cut 2', [], [/^"cut 2": there is only one/]],
    ['cut; 2', [group('cut', [0])], [/^"2" was not understood/]],
    ['images 3rd', [], [/"images" does not say/, /^"3rd" was not understood/]],
    ['clip 2 - too fast, image 3 too', [group('clip', [1], 'too fast, image 3 too')], [/^"image 3" was read as part of a reason/]],
    ['clip 2: slow, and all images', [group('clip', [1], 'slow, and all images')], [/^"all images" was read as part of a reason/]],
    [`zork ${'very '.repeat(100)}`, [], [/^"zork (very )+…" was not understood/]],
  ])('%j is asked about', (text, groups, problems) => {
    const redo = parseRedo(text);
    expect(redo.groups).toEqual(groups);
    expect(redo.problems).toEqual(problems.map((problem) => expect.stringMatching(problem) as unknown));
  });
});

describe('whatever is written', () => {
  const VOCABULARY = [
    'redo:',
    'images',
    'clip',
    'voice',
    'sfx',
    'final cut',
    'storyboard',
    'all',
    'every',
    'the',
    'and',
    'to',
    '3',
    '7',
    '0',
    '12',
  ];
  const SIGNS = [' ', ' ', ' ', '\n', ';', ',', '-', '–', ':', '(', ')', '[', ']', '#', '.', '..', '&'];
  const written = fc
    .array(fc.oneof(fc.constantFrom(...VOCABULARY), fc.constantFrom(...SIGNS), fc.string({ maxLength: 4, unit: 'grapheme' })), {
      maxLength: 25,
    })
    .map((pieces) => pieces.join(''));

  const positions = fc.uniqueArray(fc.nat({ max: 998 }), { minLength: 1 }).map((numbers) => numbers.sort((one, other) => one - other));
  const note = fc
    .string({ unit: fc.constantFrom(...'ab 3([)];:-,.é'.split('')), maxLength: 20 })
    .map((text) => text.replace(/\s+/g, ' ').trim());
  const isBalanced = (text: string) =>
    parseRedo(`cut (${text})`).groups[0]?.note === text && parseRedo(`cut (${text})`).problems.length === 0;
  const wanted = fc.array(
    fc.record({
      kind: fc.constantFrom<RedoKind>('image', 'composite', 'clip', 'narration', 'sound_effect'),
      positions: fc.oneof(positions, fc.constant('all' as const)),
      note: note.filter(isBalanced),
    }),
  );

  it('is read without an error, and what was understood survives being written down and read again', () => {
    fc.assert(
      fc.property(written, (text) => {
        const { groups } = parseRedo(text);
        expect(parseRedo(formatRedo(groups)).groups).toEqual(groups);
      }),
      { numRuns: 2_000 },
    );
  });

  it('holds together when it is written by the system', () => {
    fc.assert(
      fc.property(wanted, (groups) => {
        expect(parseRedo(formatRedo(groups))).toEqual({ groups, problems: [] });
      }),
    );
  });

  it('has no word that is lost: each is an item, part of a reason, or quoted in a question', () => {
    const word = fc.constantFrom('zork', 'frobnitz', 'quux').chain((name) => fc.nat({ max: 9 }).map((digit) => `${name}${digit}x`));
    const pieces = fc.array(fc.oneof(word, fc.constantFrom(...VOCABULARY), fc.constantFrom(...SIGNS)), { maxLength: 7 });
    fc.assert(
      fc.property(pieces, (given) => {
        const { groups, problems } = parseRedo(given.join(' '));
        const said = [...groups.map((one) => one.note), ...problems].join(' ');
        for (const odd of given.filter((piece) => /\dx$/.test(piece))) expect(said).toContain(odd);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each(['image 3, ', 'zork ', '3 - ', '((', 'all the ', 'clip (', 'clips 1-'])('may be as long as a property holds: %j', (piece) => {
    const { groups, problems } = parseRedo(piece.repeat(200_000 / piece.length));
    expect(groups.length + problems.length).toBeGreaterThan(0);
  });
});

describe('formatRedo', () => {
  it('writes as people would', () => {
    const groups = [
      group('image', [2, 6, 7, 8]),
      group('clip', [1]),
      group('sound_effect', 'all', 'too loud'),
      group('cut', [0], 'a :( b'),
    ];
    expect(formatRedo(groups)).toBe('images 3, 7-9; clip 2; all sound effects (too loud); cut: a :( b');
  });
});
