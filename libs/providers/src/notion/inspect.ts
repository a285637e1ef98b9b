import type { PropertyNames } from '#pipeline';
import { sourceAt, titleOf } from './find-place.js';
import { HOW_TO_SHARE, type PatientNotion } from './patient-notion.js';
import { channelProperties, compareSchema, kindTitle, videoProperties, type ChannelChoice } from './schema.js';

/** What a data source is for: videos, of all channels that can be chosen or of one alone, or the channels. */
export type Purpose = { of: 'videos'; names: PropertyNames; channels: readonly ChannelChoice[] | null } | { of: 'channels' };

/** What is found at a data source. */
export interface Inspection {
  title: string;
  /** What is wrong with it, in words. */
  faults: readonly string[];
  /** What could be better. */
  remarks: readonly string[];
}

/**
 * Looks at a data source, and changes nothing.
 * @throws Failure whose `userMessage` says what to do
 */
export async function inspectDataSource(notion: PatientNotion, id: string, purpose: Purpose): Promise<Inspection> {
  const source = await sourceAt(notion, id);
  if (!source) return { title: id, faults: [`Notion does not show it to the connection. ${HOW_TO_SHARE}`], remarks: [] };
  const wanted = purpose.of === 'channels' ? channelProperties() : videoProperties(purpose.names, purpose.channels);
  const { missing, renamed, wrongKind, lacking } = compareSchema(wanted, source.properties);
  const lacks = lacking.map(({ property: { kind }, name, options }) => ({
    kind,
    text: `${name} lacks ${options.map((option) => option.name).join(', ')}`,
  }));
  return {
    title: titleOf(source),
    faults: [
      ...missing.map(({ name }) => `there is no ${name}`),
      ...renamed.map(({ property, name }) => `${property.name} is called ${name}`),
      ...wrongKind.map(
        ({ property: { name, kind }, kind: actual }) => `${name} is a ${kindTitle(actual)} property, not a ${kindTitle(kind)}`,
      ),
      ...lacks.filter(({ kind }) => kind === 'status').map(({ text }) => text),
    ],
    // What a select lacks, people can add by choosing it.
    remarks: lacks.filter(({ kind }) => kind !== 'status').map(({ text }) => text),
  };
}
