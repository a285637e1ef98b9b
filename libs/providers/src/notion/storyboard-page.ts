import { parse } from '#pipeline';
import type { Client } from '@notionhq/client';
import { Type } from 'class-transformer';
import { ArrayMinSize, IsArray, IsBoolean, IsDefined, IsNotEmpty, IsOptional, IsString, ValidateNested } from 'class-validator';
import { again, ask, childrenOf, nonsense, type Pace } from './requests.js';
import { richText } from './rich-text.js';
import { blocksOf, portionsOf, type SectionBlock, type ShownStoryboard } from './storyboard-blocks.js';

const TITLE = 'Storyboard';
/** What a section is called while it takes more than one request to write. */
const UNFINISHED = 'Storyboard (not yet complete)';
const OUR_HEADING = /^Storyboard( \((not yet complete|revision \d+)\))?$/;

class Author {
  @IsString()
  id: string;
}

class Piece {
  @IsString()
  plain_text: string;
}

class Heading {
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => Piece)
  rich_text: Piece[];
}

/** A block as Notion lists it, as far as it is used. */
class ListedBlock {
  @IsString()
  @IsNotEmpty()
  id: string;

  @IsBoolean()
  has_children: boolean;

  @IsDefined()
  @ValidateNested()
  @Type(() => Author)
  created_by: Author;

  @IsOptional()
  @ValidateNested()
  @Type(() => Heading)
  heading_1?: Heading;
}

class Named {
  @IsString()
  @IsNotEmpty()
  id: string;
}

class AppendAnswer {
  @IsArray()
  @ArrayMinSize(1)
  @ValidateNested({ each: true })
  @Type(() => Named)
  results: Named[];
}

export interface StoryboardWriting extends Pace {
  /** From 1. */
  revision: number;
  /** The user id that our own blocks are made under. */
  botId: string;
}

/**
 * Shows a storyboard in a page: one heading at its end, which can be folded out. Called again, it finds that the section is there and does nothing; half a
 * section, and those of other revisions, are put into the trash. What somebody else has made stays, also where it stands in a section of ours.
 * @throws Failure NOTION_BLOCK_LIMIT when the workspace takes no more blocks; otherwise as `notionFailure` says
 */
export async function writeStoryboard(client: Client, pageId: string, shown: ShownStoryboard, writing: StoryboardWriting): Promise<void> {
  const { revision, botId, ...pace } = writing;
  const heading = revision > 1 ? `${TITLE} (revision ${revision})` : TITLE;
  // What failed may have been saved all the same, so that every try begins with a look at what is there.
  await again(async () => {
    const sections = (await blocksIn(client, pageId, pace)).filter((block) => isSection(block, botId));
    const complete = sections.find((section) => headingOf(section) === heading);
    if (!complete) await append(client, pageId, heading, blocksOf(shown), pace);
    for (const section of sections) {
      if (section !== complete) await remove(client, section, botId, pace);
    }
  }, pace);
}

/** Appends a section: in one request where that is possible, otherwise under another name until it is complete. */
async function append(client: Client, pageId: string, heading: string, blocks: readonly SectionBlock[], pace: Pace): Promise<void> {
  const [children = [], ...rest] = portionsOf(blocks);
  const text = richText(rest.length > 0 ? UNFINISHED : heading);
  const section = { heading_1: { rich_text: text, is_toggleable: true, children } };
  const answer = parse(AppendAnswer, await ask(() => client.blocks.children.append({ block_id: pageId, children: [section] }), pace));
  if (rest.length === 0) return;
  const id = answer.ok ? answer.value.results[0]?.id : undefined;
  if (id === undefined) throw nonsense('half a list of new blocks');
  for (const more of rest) await ask(() => client.blocks.children.append({ block_id: id, children: more }), pace);
  await ask(() => client.blocks.update({ block_id: id, heading_1: { rich_text: richText(heading) } }), pace);
}

/** Puts a block of ours into the trash, or as much of it as nobody has put anything into. */
async function remove(client: Client, block: ListedBlock, botId: string, pace: Pace): Promise<void> {
  for (const { id } of await removable(client, block, botId, pace)) await ask(() => client.blocks.delete({ block_id: id }), pace);
}

/** The outermost blocks, of one and all under it, that hold nothing but our own. */
async function removable(client: Client, block: ListedBlock, botId: string, pace: Pace): Promise<ListedBlock[]> {
  if (block.created_by.id !== botId) return [];
  if (!block.has_children) return [block];
  const children = await blocksIn(client, block.id, pace);
  const inside: ListedBlock[][] = [];
  for (const child of children) inside.push(await removable(client, child, botId, pace));
  const isAllOurs = children.every((child, index) => inside[index]?.[0] === child);
  return isAllOurs ? [block] : inside.flat();
}

function isSection(block: ListedBlock, botId: string): boolean {
  return block.created_by.id === botId && OUR_HEADING.test(headingOf(block));
}

function headingOf({ heading_1 }: ListedBlock): string {
  return heading_1?.rich_text.map(({ plain_text }) => plain_text).join('') ?? '';
}

async function blocksIn(client: Client, blockId: string, pace: Pace): Promise<ListedBlock[]> {
  const blocks = await childrenOf(client, blockId, pace);
  return blocks.map((block) => {
    const parsed = parse(ListedBlock, block);
    if (!parsed.ok) throw nonsense('half a block');
    return parsed.value;
  });
}
