/** The kinds of property that a video's row has, as Notion calls them. */
export type PropertyKind = 'title' | 'status' | 'select' | 'rich_text' | 'number' | 'files' | 'url' | 'date';

/** The properties of a video's row, by what they mean: their usual names and their kinds. The one place that knows them. */
export const ROW_PROPERTIES = {
  title: { name: 'Name', kind: 'title' },
  status: { name: 'Status', kind: 'status' },
  channel: { name: 'Channel', kind: 'select' },
  topic: { name: 'Topic', kind: 'rich_text' },
  story_direction: { name: 'Story Direction', kind: 'rich_text' },
  priority: { name: 'Priority', kind: 'select' },
  /** The creator's: when the video appears, with a time of day. */
  publish_at: { name: 'Publish At', kind: 'date' },
  /** The reviewer's: which items to make again, `images 3, 7; clips 2`. */
  redo: { name: 'Redo', kind: 'rich_text' },
  /** The reviewer's: why. */
  review_note: { name: 'Review Note', kind: 'rich_text' },
  /** The reviewer's: which of the thumbnails the video gets. */
  thumbnail: { name: 'Thumbnail', kind: 'select' },
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
  return Object.fromEntries(
    ROW_PROPERTY_NAMES.map((property) => [property, own[property] ?? ROW_PROPERTIES[property].name]),
  ) as PropertyNames;
}
