import {
  GATED_STEPS,
  PRIORITIES,
  ROW_PROPERTIES,
  ROW_PROPERTY_NAMES,
  STATUSES,
  STEPS,
  gateAt,
  priorityTitle,
  statusTitle,
  type PropertyKind,
  type PropertyNames,
  type RowProperty,
  type Status,
} from '#pipeline';
import type { CreateDataSourceParameters, DataSourceObjectResponse } from '@notionhq/client';
import { CHANNEL_PROPERTIES, THUMBNAIL_CHOICES } from './row.js';

type Color = 'gray' | 'brown' | 'yellow' | 'green' | 'blue' | 'purple' | 'red' | 'default';
type Configuration = CreateDataSourceParameters['properties'][string];
export type ExistingProperties = DataSourceObjectResponse['properties'];

/** An option that a select or status has to have. */
interface WantedOption {
  name: string;
  color?: Color;
  about?: string;
  /** Other names that stand for the same, whatever their case. None: it has to be called exactly so. */
  also?: readonly string[];
}

/** A property that a data source has to have. */
export interface WantedProperty {
  /** What it means: a key of ROW_PROPERTIES or CHANNEL_PROPERTIES. */
  meaning: string;
  name: string;
  kind: PropertyKind | 'checkbox';
  /** Shown in Notion. A property that somebody has renamed is known by it. */
  about: string;
  options: readonly WantedOption[];
}

/** A channel, as it is chosen in a row. */
export interface ChannelChoice {
  key: string;
  name: string;
}

const ABOUT_ROW: Readonly<Record<RowProperty, string>> = {
  title: 'What the video is called, on YouTube, too. Up to 100 characters.',
  status: 'Where the video is. At a yellow one it waits for you.',
  channel: 'The channel that it is for.',
  topic: 'What it is about.',
  story_direction: 'How the story is to go.',
  priority: 'High goes first.',
  publish_at: 'When it appears, with the time of day. Empty: as soon as it can, or as the channel plans it.',
  redo: 'Yours: what to make again, such as: images 3, 7; clips 2',
  review_note: 'Yours: why you approve it, or send it back.',
  thumbnail: 'Yours: which of the thumbnails it gets; empty is the first.',
  progress: 'Written by the system: how far it is.',
  error: 'Written by the system: what is wrong, and what you can do.',
  cost: 'Written by the system: what it has cost so far.',
  estimate: 'Written by the system: what it will have cost.',
  review: 'Written by the system: what there is to look at.',
  youtube_url: 'Written by the system: where it is published.',
};
const ABOUT_CHANNEL: Readonly<Record<keyof typeof CHANNEL_PROPERTIES, string>> = {
  channel: "The channel's key: the name of its file.",
  paused: 'Yours: nothing of this channel is begun or gone on with.',
  queued: 'Written by the system: videos that wait for their turn.',
  in_work: 'Written by the system: videos that are being made.',
};

/**
 * The properties of the data source of videos.
 * @param channels those that a row can choose; null: the rows are of one channel alone
 */
export function videoProperties(names: PropertyNames, channels: readonly ChannelChoice[] | null): WantedProperty[] {
  const options: Partial<Record<RowProperty, WantedOption[]>> = {
    status: STATUSES.map((status) => ({ name: statusTitle(status), color: colorOf(status), about: aboutStatus(status) })),
    priority: PRIORITIES.map((priority) => ({ name: priorityTitle(priority), also: [priority] })),
    channel: (channels ?? []).map(channelOption),
    thumbnail: THUMBNAIL_CHOICES.map((choice) => ({ name: String(choice) })),
  };
  return ROW_PROPERTY_NAMES.filter((meaning) => meaning !== 'channel' || channels).map((meaning) => ({
    meaning,
    name: names[meaning],
    kind: ROW_PROPERTIES[meaning].kind,
    about: ABOUT_ROW[meaning],
    options: options[meaning] ?? [],
  }));
}

/** Rows may name a channel by its key or by its name. */
const channelOption = ({ key, name }: ChannelChoice): WantedOption => ({ name: key, about: name, also: [key, name] });

/** The properties of the data source that shows the channels. */
export function channelProperties(): WantedProperty[] {
  const entries = Object.entries(CHANNEL_PROPERTIES) as [keyof typeof CHANNEL_PROPERTIES, WantedProperty][];
  return entries.map(([meaning, { name, kind }]) => ({ meaning, name, kind, about: ABOUT_CHANNEL[meaning], options: [] }));
}

/** What a status tells by its colour: red failed, yellow waits for a person, green is done. */
function colorOf(status: Status): Color {
  if (status.endsWith('_error')) return 'red';
  if (gateAt(status)) return 'yellow';
  if (status === 'published') return 'green';
  if (status === 'draft') return 'gray';
  if (status === 'queued') return 'brown';
  return GATED_STEPS.some(({ gate }) => gate.approved === status) ? 'purple' : 'blue';
}

function aboutStatus(status: Status): string {
  const gate = gateAt(status);
  if (gate)
    return `Waits for you: set ${statusTitle(gate.gate.approved)} to go on, ${statusTitle(gate.working)} to have everything made again.`;
  if (status.endsWith('_error')) return 'It stopped. Error says why; set Queued to try again.';
  if (status === 'draft') return 'Nothing happens. Set Queued to have it made.';
  if (status === 'queued') return 'Waits for its turn.';
  if (status === 'claimed') return 'Its turn has come.';
  if (status === 'published') return 'On YouTube.';
  const worked = STEPS.filter(({ working }) => working === status).map(({ name }) => name.replace('_', ' '));
  return worked.length > 0 ? `At work: ${worked.join(', ')}.` : 'Goes on by itself.';
}

/** Properties as the API is told to make them, by name. */
export function configurationsOf(wanted: readonly WantedProperty[]): Record<string, Configuration> {
  return Object.fromEntries(wanted.map((property) => [property.name, configurationOf(property)]));
}

/** A property as the API is told to make it. */
export function configurationOf({ kind, meaning, about, options }: WantedProperty): Configuration {
  const description = about;
  switch (kind) {
    case 'status':
      return { description, status: { options: options.map(newOption) } };
    case 'select':
      return { description, select: { options: options.map(newOption) } };
    case 'number':
      return { description, number: { format: meaning === 'cost' || meaning === 'estimate' ? 'dollar' : 'number' } };
    case 'title':
      return { description, title: {} };
    case 'rich_text':
      return { description, rich_text: {} };
    case 'files':
      return { description, files: {} };
    case 'url':
      return { description, url: {} };
    case 'date':
      return { description, date: {} };
    case 'checkbox':
      return { description, checkbox: {} };
  }
}

const newOption = ({ name, color, about }: WantedOption) => ({ name, ...(color && { color }), ...(about && { description: about }) });

/** How a data source differs from what it has to be. */
export interface SchemaDifference {
  /** What the properties that are right are called there, by their meaning. */
  names: ReadonlyMap<string, string>;
  missing: readonly WantedProperty[];
  /** Those that are there under another name. */
  renamed: readonly { property: WantedProperty; name: string }[];
  /** Those that are of another kind than they have to be. */
  wrongKind: readonly { property: WantedProperty; kind: string }[];
  /** Selects and statuses that lack options. `all`: those that are there and those that are not, each in its place. */
  lacking: readonly { property: WantedProperty; name: string; options: readonly WantedOption[]; all: readonly OptionChange[] }[];
}
type OptionChange = { id: string; name: string } | ReturnType<typeof newOption>;

export function compareSchema(wanted: readonly WantedProperty[], existing: ExistingProperties): SchemaDifference {
  const names = new Map<string, string>();
  const [missing, renamed, wrongKind, lacking]: [
    WantedProperty[],
    { property: WantedProperty; name: string }[],
    { property: WantedProperty; kind: string }[],
    { property: WantedProperty; name: string; options: WantedOption[]; all: OptionChange[] }[],
  ] = [[], [], [], []];
  for (const property of wanted) {
    const found = existing[property.name];
    const other = found?.type === property.kind ? null : otherName(property, wanted, existing);
    const name = found?.type === property.kind ? property.name : other;
    if (other !== null) renamed.push({ property, name: other });
    if (name === null) {
      if (found) wrongKind.push({ property, kind: found.type });
      else missing.push(property);
      continue;
    }
    names.set(property.meaning, name);
    const known = optionsOf(existing[name]);
    const options = property.options.filter((option) => !known.some((one) => isOption(option, one.name)));
    if (options.length > 0) lacking.push({ property, name, options, all: inOrder(property.options, known) });
  }
  return { names, missing, renamed, wrongKind, lacking };
}

/** A property of the right kind that can only be the wanted one: the title, of which there is one, or one that says of itself what we said of it. */
function otherName({ kind, about }: WantedProperty, wanted: readonly WantedProperty[], existing: ExistingProperties): string | null {
  const taken = wanted.map(({ name }) => name);
  const found = Object.values(existing).find(
    (one) => one.type === kind && !taken.includes(one.name) && (kind === 'title' || one.description === about),
  );
  return found?.name ?? null;
}

function optionsOf(property: ExistingProperties[string] | undefined): { id: string; name: string }[] {
  if (property?.type === 'status') return property.status.options;
  return property?.type === 'select' ? property.select.options : [];
}

function isOption({ name, also }: WantedOption, existing: string): boolean {
  return also ? also.some((one) => one.toLowerCase() === existing.toLowerCase()) : name === existing;
}

/** What a channel is called among the options of a property; its key where it is none of them. */
export function optionIn(property: ExistingProperties[string] | undefined, channel: ChannelChoice): string {
  return optionsOf(property).find(({ name }) => isOption(channelOption(channel), name))?.name ?? channel.key;
}

/** What is there stays as it is and in its order; what is new comes after the option that it follows. */
function inOrder(wanted: readonly WantedOption[], known: readonly { id: string; name: string }[]): OptionChange[] {
  const all: OptionChange[] = known.map(({ id, name }) => ({ id, name }));
  let place = 0;
  for (const option of wanted) {
    const at = all.findIndex(({ name }) => isOption(option, name));
    if (at < 0) all.splice(place, 0, newOption(option));
    place = (at < 0 ? place : at) + 1;
  }
  return all;
}

/** Whether a data source is one of videos, whatever its properties are called: no other has such statuses. */
export function isOfVideos(existing: ExistingProperties): boolean {
  const needed: Status[] = ['queued', ...GATED_STEPS.map(({ gate }) => gate.waiting)];
  return Object.values(existing).some(
    (property) =>
      property.type === 'status' && needed.every((status) => optionsOf(property).some(({ name }) => name === statusTitle(status))),
  );
}

/** Whether a data source is one that shows channels. */
export function isOfChannels(existing: ExistingProperties): boolean {
  return existing[CHANNEL_PROPERTIES.channel.name]?.type === CHANNEL_PROPERTIES.channel.kind;
}

const KIND_TITLES: Readonly<Record<string, string>> = {
  rich_text: 'text',
  files: 'files & media',
  url: 'URL',
  multi_select: 'multi-select',
};
/** A kind of property as Notion shows it to people. */
export function kindTitle(kind: string): string {
  return KIND_TITLES[kind] ?? kind.replaceAll('_', ' ');
}
