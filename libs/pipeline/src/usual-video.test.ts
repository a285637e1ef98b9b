import { expect, it } from '@jest/globals';
import { narrationSeconds, usualItems, usualOutline } from '#pipeline';

it('a video that is not written yet is like those that were: eighteen scenes have 22 images and clips of five seconds', () => {
  const outline = usualOutline(18);
  const counts = (['storyboard', 'image', 'composite', 'clip', 'narration', 'sound_effect', 'cut', 'publication'] as const).map(
    (kind) => usualItems(kind, outline, [5, 10]).count,
  );
  expect(counts).toEqual([1, 22, 18, 18, 18, 18, 1, 1]);
  expect(usualItems('clip', outline, [5, 10]).input.seconds).toBe(5);
  const { text } = usualItems('narration', outline, [5, 10]).input;
  expect(narrationSeconds(text)).toBeCloseTo(4.5, 0);
  expect(text.length).toBeGreaterThan(40);
});

it('of a written one the narrations are as long as the storyboard says', () => {
  const outline = { scenes: 10, images: 4, seconds: 90 };
  expect(usualItems('image', outline, [5, 10]).count).toBe(4);
  expect(usualItems('clip', outline, [5, 10]).input.seconds).toBe(10);
});
