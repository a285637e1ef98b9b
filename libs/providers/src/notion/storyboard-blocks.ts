import type { Estimate, Storyboard, StoryboardScene } from '#pipeline';
import { richText } from './rich-text.js';

/** Notion's limits for one request: blocks in an array, blocks in all, and the body's size (bytes), with room for what is around the blocks. */
const MOST_IN_ARRAY = 100;
const MOST_IN_ALL = 1_000;
const LARGEST_BODY = 450_000;

type Text = ReturnType<typeof richText>;
interface Line {
  bulleted_list_item: { rich_text: Text };
}
/** A block that stands under a heading, with at most one level of blocks under it. */
export type SectionBlock =
  | Line
  | { paragraph: { rich_text: Text } }
  | { heading_3: { rich_text: Text } }
  | { callout: { rich_text: Text; children: Line[] } }
  | { numbered_list_item: { rich_text: Text; children: Line[] } };

/** What is shown of a storyboard. */
export interface ShownStoryboard {
  storyboard: Storyboard;
  estimate: Estimate;
}

/** A storyboard as blocks: what it will come to, the facts that it rests on, who appears, and the scenes, numbered. */
export function blocksOf({ storyboard, estimate }: ShownStoryboard): SectionBlock[] {
  const { title, description, tags, research, characters, images, scenes } = storyboard;
  return [
    { paragraph: { rich_text: richText(estimateLine(estimate)) } },
    labelled('Title', title),
    labelled('Description', description),
    labelled('Tags', tags.join(', ')),
    ...chunksOf(research, MOST_IN_ARRAY).map((facts) => callout('Research, to be checked', facts)),
    ...heading('Characters', characters.length),
    ...characters.map(({ key, description: looks }) => ({
      bulleted_list_item: { rich_text: [...bold(wordsOf(key)), ...richText(looks)] },
    })),
    ...heading('Scenes', scenes.length),
    ...scenes.map((scene) => sceneBlock(scene, images)),
  ];
}

/** Blocks in portions that a request takes each, together with a heading. */
export function portionsOf(blocks: readonly SectionBlock[]): SectionBlock[][] {
  const portions: SectionBlock[][] = [];
  let [count, bytes] = [1, 0];
  for (const block of blocks) {
    const [blockCount, blockBytes] = [countOf(block), Buffer.byteLength(JSON.stringify(block))];
    const portion = portions.at(-1);
    const fits = count + blockCount <= MOST_IN_ALL && bytes + blockBytes <= LARGEST_BODY;
    if (portion && portion.length < MOST_IN_ARRAY && fits) portion.push(block);
    else {
      portions.push([block]);
      [count, bytes] = [1, 0];
    }
    count += blockCount;
    bytes += blockBytes;
  }
  return portions;
}

/** `18 scenes, 22 images, 1:31 long; USD 3.42 still to be paid.` */
function estimateLine({ scenes, images, seconds, usd }: Estimate): string {
  const whole = Math.round(seconds);
  const length = `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
  return `${scenes} scenes, ${images} images, about ${length} long; about USD ${usd.toFixed(2)} still to be paid.`;
}

/** Numbers of images are those of the sheet, and those by which a reviewer asks for them again. */
function sceneBlock({ narration, layout, images: keys, motion, effect }: StoryboardScene, images: Storyboard['images']): SectionBlock {
  const numbered = keys.map((key) => `${images.findIndex((image) => image.key === key) + 1} ${wordsOf(key)}`);
  const lines = [
    { label: 'Motion', text: motion },
    { label: 'Sound', text: effect },
    { label: 'Images', text: `${numbered.join('; ')} (${wordsOf(layout)})` },
  ];
  return {
    numbered_list_item: {
      rich_text: richText(narration),
      children: lines.map(({ label, text }) => ({ bulleted_list_item: { rich_text: [...bold(label), ...richText(text)] } })),
    },
  };
}

function callout(label: string, lines: readonly string[]): SectionBlock {
  const children = lines.map((line) => ({ bulleted_list_item: { rich_text: richText(line) } }));
  return { callout: { rich_text: richText(label, { bold: true }), children } };
}

const heading = (text: string, count: number) => (count > 0 ? [{ heading_3: { rich_text: richText(text) } }] : []);
const labelled = (label: string, text: string) => ({ paragraph: { rich_text: [...bold(label), ...richText(text)] } });
const bold = (label: string) => richText(`${label}: `, { bold: true });
const wordsOf = (key: string) => key.replaceAll('_', ' ');

function chunksOf<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));
}

/** A block and all under it. */
function countOf(block: object): number {
  const children = Object.values(block).flatMap((content: { children?: object[] }) => content.children ?? []);
  return children.reduce((sum, child) => sum + countOf(child), 1);
}
