import { PRIORITIES, statusFromTitle, statusTitle, type Priority, type Status } from '#pipeline';

/** The kinds of property that a video's row has, as Notion calls them. */
export type PropertyKind = 'title' | 'status' | 'select' | 'rich_text' | 'number' | 'files' | 'url';

/** The properties of a video's row, by what they mean: their usual names and their kinds. The one place that knows them. */
export const ROW_PROPERTIES = {
  title: { name: 'Name', kind: 'title' },
  status: { name: 'Status', kind: 'status' },
  channel: { name: 'Channel', kind: 'select' },
  topic: { name: 'Topic', kind: 'rich_text' },
  story_direction: { name: 'Story Direction', kind: 'rich_text' },
  priority: { name: 'Priority', kind: 'select' },
  /** The reviewer's: which items to make again, `images 3, 7; clips 2`. */
  redo: { name: 'Redo', kind: 'rich_text' },
  /** The reviewer's: why. */
  review_note: { name: 'Review Note', kind: 'rich_text' },
  progress: { name: 'Progress', kind: 'rich_text' },
  error: { name: 'Error', kind: 'rich_text' },
  /** What the video has cost so far (USD). */
  cost: { name: 'Cost', kind: 'number' },
  /** What it will have cost when it is done (USD). */
  estimate: { name: 'Estimate', kind: 'number' },
  /** What there is to look at or listen to at a gate. */
  review: { name: 'Review', kind: 'files' },
  youtube_url: { name: 'YouTube URL', kind: 'url' },
} as const satisfies Record<string, { name: string; kind: PropertyKind }>;
export type RowProperty = keyof typeof ROW_PROPERTIES;
export const ROW_PROPERTY_NAMES = Object.keys(ROW_PROPERTIES) as RowProperty[];

/** What the properties are called in one database. */
export type PropertyNames = Readonly<Record<RowProperty, string>>;

/** The usual names, but for those that are given. */
export function propertyNames(own: Partial<PropertyNames> = {}): PropertyNames {
  return Object.fromEntries(ROW_PROPERTY_NAMES.map((property) => [property, own[property] ?? ROW_PROPERTIES[property].name])) as PropertyNames;
}

/** The properties of a row of the data source that shows the channels. Its title is the channel's key. */
export const CHANNEL_PROPERTIES = {
  channel: { name: 'Channel', kind: 'title' },
  /** The creator's: nothing of this channel is begun or gone on with. */
  paused: { name: 'Paused', kind: 'checkbox' },
  queued: { name: 'Queued', kind: 'number' },
  in_work: { name: 'In Work', kind: 'number' },
} as const;

/** Names as the rest of this release still uses them. */
export const PROPERTIES = {
  title: 'Name',
  channel: 'Channel',
  topic: 'Topic',
  storyDirection: 'Story Direction',
  priority: 'Priority',
  status: 'Status',
  error: 'Error',
  progress: 'Progress',
  cost: 'Cost',
  youtubeUrl: 'YouTube URL',
} as const;

/** What a creator's row says. Empty text where a property is empty or missing. */
export interface NotionRow {
  pageId: string;
  dataSourceId: string | null;
  status: Status | null;
  title: string;
  channel: string;
  topic: string;
  storyDirection: string;
  priority: Priority;
  /** What the system has said is wrong with it. */
  error: string;
  inTrash: boolean;
}

/** What the system shows in a row; what is left out stays as it is, null empties it. */
export interface RowUpdate {
  status?: Status;
  error?: string | null;
  progress?: string;
  costUsd?: number;
  youtubeUrl?: string;
}

/** Notion's limit for one piece of rich text (characters), and for the pieces of a property. */
const PIECE = 2_000;
const PIECES = 100;

/** A page object of the API as a row. */
export function rowOf(page: { id: string; in_trash?: boolean; parent: object; properties: Record<string, unknown> }): NotionRow {
  const property = (name: keyof typeof PROPERTIES) => plain(page.properties[PROPERTIES[name]]);
  const priority = property('priority').toLowerCase();
  const parent = page.parent as { data_source_id?: string };
  return {
    pageId: page.id,
    dataSourceId: parent.data_source_id ?? null,
    status: statusFromTitle(property('status')),
    title: property('title'),
    channel: property('channel'),
    topic: property('topic'),
    storyDirection: property('storyDirection'),
    priority: PRIORITIES.find((known) => known === priority) ?? 'normal',
    error: property('error'),
    inTrash: page.in_trash ?? false,
  };
}

/** A row's update as the properties of a page update. */
export function propertiesOf({ status, error, progress, costUsd, youtubeUrl }: RowUpdate) {
  return {
    ...(status && { [PROPERTIES.status]: { status: { name: statusTitle(status) } } }),
    ...(error !== undefined && { [PROPERTIES.error]: { rich_text: richText(error ?? '') } }),
    ...(progress !== undefined && { [PROPERTIES.progress]: { rich_text: richText(progress) } }),
    ...(costUsd !== undefined && { [PROPERTIES.cost]: { number: Math.round(costUsd * 100) / 100 } }),
    ...(youtubeUrl !== undefined && { [PROPERTIES.youtubeUrl]: { url: youtubeUrl } }),
  };
}

function richText(text: string) {
  const pieces = text.match(new RegExp(`[\\s\\S]{1,${PIECE}}`, 'g')) ?? [];
  return pieces.slice(0, PIECES).map((content) => ({ text: { content } }));
}

/** The text of a property, whichever of the kinds that hold text it is. */
function plain(property: unknown): string {
  if (typeof property !== 'object' || property === null) return '';
  const { title, rich_text, select, status } = property as Record<string, unknown>;
  const pieces = title ?? rich_text;
  if (Array.isArray(pieces))
    return pieces
      .map((piece: { plain_text?: string }) => piece.plain_text ?? '')
      .join('')
      .trim();
  return ((select ?? status) as { name?: string } | null | undefined)?.name?.trim() ?? '';
}

/** A page's text under the heading "Script", a line a block, up to the next heading of the same rank or a higher one. */
export function ownScript(blocks: readonly object[]): string {
  const lines: string[] = [];
  let rank = 0;
  for (const block of blocks) {
    const { type } = block as { type?: unknown };
    const content = (block as Record<string, unknown>)[String(type)];
    const text = plain(content);
    const heading = Number(/^heading_(\d)$/.exec(String(type))?.[1] ?? 0);
    if (heading > 0 && rank > 0 && heading <= rank) break;
    if (rank > 0 && heading === 0 && text) lines.push(text);
    if (heading > 0 && rank === 0 && /^script$/i.test(text)) rank = heading;
  }
  return lines.join('\n');
}
