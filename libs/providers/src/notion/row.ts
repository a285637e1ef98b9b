import {
  PRIORITIES,
  ROW_PROPERTIES,
  ROW_PROPERTY_NAMES,
  THUMBNAIL_CANDIDATES,
  priorityTitle,
  statusFromTitle,
  statusTitle,
  type Priority,
  type PropertyNames,
  type RowProperty,
  type Status,
} from '#pipeline';
import type { UpdatePageParameters } from '@notionhq/client';

/** The properties of a row of the data source that shows the channels. Its title is the channel's key. */
export const CHANNEL_PROPERTIES = {
  channel: { name: 'Channel', kind: 'title' },
  /** The creator's: nothing of this channel is begun or gone on with. */
  paused: { name: 'Paused', kind: 'checkbox' },
  queued: { name: 'Queued', kind: 'number' },
  in_work: { name: 'In Work', kind: 'number' },
} as const;

/** What a creator's row says. Empty text where a property is empty or missing. */
export interface NotionRow {
  pageId: string;
  dataSourceId: string | null;
  /** Null: none is set, or one that is not ours; `statusText` has it as it stands. */
  status: Status | null;
  statusText: string;
  title: string;
  channel: string;
  topic: string;
  storyDirection: string;
  /** Null: none is set, or one that is not ours. */
  priority: Priority | null;
  /** When it is to appear; null: nothing is said, or `publishAtProblem` says what is wrong with it. */
  publishAt: Date | null;
  publishAtProblem: string | null;
  /** Items to be made again, in the reviewer's words. */
  redo: string;
  reviewNote: string;
  /** Which of the thumbnails is chosen, from 1. Null: none is, or one that is not there. */
  thumbnail: number | null;
  /** What the system has said is wrong with it. */
  error: string;
  inTrash: boolean;
  /** Notion's id of whoever edited it last. */
  editedBy: string;
  /** The id by which events name the status property. */
  statusPropertyId: string | null;
  /** Which of our properties the row's database has, and of the right kind. */
  has: ReadonlySet<RowProperty>;
}

/** What there is to look at: a file that was uploaded, or the address of one. */
export type ShownFile = { name: string } & ({ uploadId: string } | { url: string });

/** What the system shows in a row; what is left out stays as it is, null empties it. */
export interface RowUpdate {
  status?: Status;
  priority?: Priority;
  /** Only ever emptied. */
  redo?: null;
  thumbnail?: number | null;
  error?: string | null;
  progress?: string;
  costUsd?: number;
  estimateUsd?: number | null;
  review?: readonly ShownFile[];
  youtubeUrl?: string;
}

/** What can be chosen as a thumbnail. */
export const THUMBNAIL_CHOICES: readonly number[] = Array.from({ length: THUMBNAIL_CANDIDATES }, (_, index) => index + 1);

/** Notion's limit for one piece of rich text (characters), and for the pieces of a property. */
const PIECE = 2_000;
const PIECES = 100;

/** A page object of the API, as far as it is used. */
export interface PageOfRow {
  id: string;
  in_trash?: boolean;
  parent: object;
  last_edited_by?: { id?: string };
  properties: Record<string, unknown>;
}

/** A page object of the API as a row. */
export function rowOf(page: PageOfRow, names: PropertyNames): NotionRow {
  const property = (property: RowProperty) => plain(page.properties[names[property]]);
  const priority = property('priority').toLowerCase();
  const statusText = property('status');
  const ofKind = (name: RowProperty) =>
    (page.properties[names[name]] as { type?: unknown } | undefined)?.type === ROW_PROPERTIES[name].kind;
  return {
    pageId: page.id,
    dataSourceId: (page.parent as { data_source_id?: string }).data_source_id ?? null,
    status: statusFromTitle(statusText),
    statusText,
    title: property('title'),
    channel: property('channel'),
    topic: property('topic'),
    storyDirection: property('story_direction'),
    priority: PRIORITIES.find((known) => known === priority) ?? null,
    ...publishTimeOf(page.properties[names.publish_at]),
    redo: property('redo'),
    reviewNote: property('review_note'),
    thumbnail: THUMBNAIL_CHOICES.find((choice) => String(choice) === property('thumbnail')) ?? null,
    error: property('error'),
    inTrash: page.in_trash ?? false,
    editedBy: page.last_edited_by?.id ?? '',
    statusPropertyId: (page.properties[names.status] as { id?: string } | undefined)?.id ?? null,
    has: new Set(ROW_PROPERTY_NAMES.filter(ofKind)),
  };
}

/** A row's update as the properties of a page update; what the row's database does not have is left out. */
export function propertiesOf(update: RowUpdate, names: PropertyNames, has: ReadonlySet<RowProperty>): PageProperties {
  const { status, priority, redo, thumbnail, error, progress, costUsd, estimateUsd, review, youtubeUrl } = update;
  const values: Partial<Record<RowProperty, PageProperties[string]>> = {
    ...(status && { status: { status: { name: statusTitle(status) } } }),
    ...(priority && { priority: { select: { name: priorityTitle(priority) } } }),
    ...(redo === null && { redo: { rich_text: [] } }),
    ...(thumbnail !== undefined && { thumbnail: { select: thumbnail === null ? null : { name: String(thumbnail) } } }),
    ...(error !== undefined && { error: { rich_text: richText(error ?? '') } }),
    ...(progress !== undefined && { progress: { rich_text: richText(progress) } }),
    ...(costUsd !== undefined && { cost: { number: cents(costUsd) } }),
    ...(estimateUsd !== undefined && { estimate: { number: estimateUsd === null ? null : cents(estimateUsd) } }),
    ...(review && { review: { files: review.map(fileOf) } }),
    ...(youtubeUrl !== undefined && { youtube_url: { url: youtubeUrl } }),
  };
  const known = ROW_PROPERTY_NAMES.filter((name) => has.has(name));
  return Object.fromEntries(known.flatMap((name) => (values[name] ? [[names[name], values[name]]] : [])));
}
export type PageProperties = NonNullable<UpdatePageParameters['properties']>;

const cents = (usd: number) => Math.round(usd * 100) / 100;

function fileOf(file: ShownFile) {
  return 'uploadId' in file ? { name: file.name, file_upload: { id: file.uploadId } } : { name: file.name, external: { url: file.url } };
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

/** A date property as a moment. A day alone is none: at which hour it begins would be a guess. */
function publishTimeOf(property: unknown): Pick<NotionRow, 'publishAt' | 'publishAtProblem'> {
  const start = (property as { date?: { start?: unknown } | null } | undefined)?.date?.start;
  if (typeof start !== 'string') return { publishAt: null, publishAtProblem: null };
  const moment = new Date(start);
  if (!start.includes('T') || Number.isNaN(moment.getTime())) return { publishAt: null, publishAtProblem: 'it needs a time of day, too' };
  return { publishAt: moment, publishAtProblem: null };
}

/** A channel as the row in the data source of channels shows it. */
export interface NotionChannelRow {
  pageId: string;
  channel: string;
  paused: boolean;
  queued: number | null;
  inWork: number | null;
}

/** A page object of the API as a channel's row. */
export function channelRowOf({ id, properties }: Pick<PageOfRow, 'id' | 'properties'>): NotionChannelRow {
  const value = (name: keyof typeof CHANNEL_PROPERTIES) =>
    (properties[CHANNEL_PROPERTIES[name].name] as Record<string, unknown> | undefined)?.[CHANNEL_PROPERTIES[name].kind];
  const number = (name: 'queued' | 'in_work') => (typeof value(name) === 'number' ? (value(name) as number) : null);
  return {
    pageId: id,
    channel: plain(properties[CHANNEL_PROPERTIES.channel.name]),
    paused: value('paused') === true,
    queued: number('queued'),
    inWork: number('in_work'),
  };
}

/** What a channel's row shows, as the properties of a page. */
export function channelPropertiesOf({ channel, paused, queued, inWork }: Omit<NotionChannelRow, 'pageId'>): PageProperties {
  return {
    [CHANNEL_PROPERTIES.channel.name]: { title: richText(channel) },
    [CHANNEL_PROPERTIES.paused.name]: { checkbox: paused },
    [CHANNEL_PROPERTIES.queued.name]: { number: queued },
    [CHANNEL_PROPERTIES.in_work.name]: { number: inWork },
  };
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
