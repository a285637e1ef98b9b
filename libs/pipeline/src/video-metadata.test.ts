import { describe, expect, it } from '@jest/globals';
import { chaptersOf, fullDescription, publishTimeProblem, tagsLength, videoTextProblems, type VideoText } from '#pipeline';
import fc from 'fast-check';

const GOOD: VideoText = { title: 'Owls', description: 'About owls.', tags: ['owls', 'night birds'] };
const wrong = (change: Partial<VideoText>) => videoTextProblems({ ...GOOD, ...change }).map(({ field }) => field);

describe('videoTextProblems', () => {
  it.each<[string, Partial<VideoText>, string[]]>([
    ['nothing', {}, []],
    ['a title of 100 characters', { title: 'a'.repeat(100) }, []],
    ['a title of 101 characters', { title: 'a'.repeat(101) }, ['title']],
    ['an empty title', { title: ' ' }, ['title']],
    ['a title with <', { title: 'Owls < eagles' }, ['title']],
    ['a description of 5000 bytes', { description: 'ü'.repeat(2_500) }, []],
    ['a description of 5001 bytes', { description: `${'ü'.repeat(2_500)}.` }, ['description']],
    ['a description with >', { description: 'Owls > eagles' }, ['description']],
    ['tags of 500 characters', { tags: ['a'.repeat(249), 'b'.repeat(250)] }, []],
    ['tags of 501 characters', { tags: ['a'.repeat(250), 'b'.repeat(250)] }, ['tags']],
    ['tags that are 501 only with the quotes of one', { tags: ['a'.repeat(248), `b ${'b'.repeat(248)}`] }, ['tags']],
    ['a tag with a comma', { tags: ['owls, eagles'] }, ['tags']],
    ['a tag with <', { tags: ['<owls>'] }, ['tags']],
    ['everything', { title: '<', description: '>', tags: ['a,b', '<'] }, ['title', 'description', 'tags', 'tags']],
  ])('finds of %s what is wrong', (_what, change, fields) => {
    expect(wrong(change)).toEqual(fields);
  });
});

it('tags are counted with their commas, and with quotes where there is a space', () => {
  expect(tagsLength([])).toBe(0);
  expect(tagsLength(['owls'])).toBe(4);
  expect(tagsLength(['owls', 'night birds'])).toBe(4 + 1 + 11 + 2);
});

describe('chaptersOf', () => {
  it('begins at the start, leaves out what would be too short, and shows fewer than three not at all', () => {
    const scenes = ['Dawn', '', 'Noon', 'Too soon', 'Dusk', 'Too late'].map((chapter) => ({ chapter }));
    expect(chaptersOf(scenes, [6_000, 6_000, 5_000, 8_000, 9_000, 4_000])).toEqual([
      { title: 'Dawn', startMs: 0 },
      { title: 'Noon', startMs: 12_000 },
      { title: 'Dusk', startMs: 25_000 },
    ]);
    expect(chaptersOf(scenes, [6_000, 1_000, 1_000, 1_000, 1_000, 1_000])).toEqual([]);
    expect(chaptersOf([{}, ...scenes], [60_000, 60_000, 60_000, 60_000, 60_000, 60_000, 60_000])).toEqual([]);
    expect(chaptersOf([], [])).toEqual([]);
  });

  it('gives YouTube only what it shows: three or more, from 0, each of ten seconds or more', () => {
    const scene = fc.record({ chapter: fc.constantFrom('', 'A', 'B', 'C'), ms: fc.integer({ min: 0, max: 30_000 }) });
    fc.assert(
      fc.property(fc.array(scene, { maxLength: 30 }), (scenes) => {
        const durations = scenes.map(({ ms }) => ms);
        const total = durations.reduce((sum, ms) => sum + ms, 0);
        const chapters = chaptersOf(scenes, durations);
        if (chapters.length === 0) return;
        expect(chapters.length).toBeGreaterThanOrEqual(3);
        expect(chapters[0]?.startMs).toBe(0);
        const edges = [...chapters.map(({ startMs }) => startMs), total];
        edges.slice(1).forEach((edge, index) => {
          expect(edge - (edges[index] ?? 0)).toBeGreaterThanOrEqual(10_000);
        });
      }),
    );
  });
});

it('a description is what the video is about, its chapters, then the credits, whichever of them there are', () => {
  const chapters = [
    { title: 'Dawn', startMs: 0 },
    { title: 'Noon', startMs: 3_599_999 },
    { title: 'Dusk', startMs: 3_600_000 + 125_000 },
  ];
  expect(fullDescription(' About owls. ', chapters, 'Music: nobody\n')).toBe(
    'About owls.\n\n0:00 Dawn\n59:59 Noon\n1:02:05 Dusk\n\nMusic: nobody',
  );
  expect(fullDescription('', [], '')).toBe('');
  expect(fullDescription('About owls.', [])).toBe('About owls.');
});

it('a publish time has to be ahead, and of a channel whose videos are public', () => {
  const now = new Date('2026-11-25T12:00:00Z');
  const later = new Date('2026-11-25T12:00:01Z');
  expect(publishTimeProblem(null, 'private', now)).toBeNull();
  expect(publishTimeProblem(later, 'public', now)).toBeNull();
  expect(publishTimeProblem(now, 'public', now)).toMatch(/has passed/);
  expect(publishTimeProblem(later, 'unlisted', now)).toMatch(/unlisted/);
});
