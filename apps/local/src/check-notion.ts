import { notionAccess, readChannels, type Settings } from '#config';
import { Failure, propertyNames } from '#pipeline';
import { PatientNotion, inspectDataSource, type Purpose } from '#providers/notion';
import { fault, ok, warning, type Finding } from './finding.js';

/** Time between two questions to Notion (ms). */
const SPACING_MS = 350;

/** Whether the data sources that the settings and the channel files name hold what rows need. */
export async function* notionDatabases(settings: Settings): AsyncGenerator<Finding> {
  const { NOTION_DATA_SOURCE_ID, NOTION_CHANNELS_DATA_SOURCE_ID, NOTION_PROPERTIES, CHANNELS_DIR } = settings;
  const access = notionAccess(settings);
  const notion = new PatientNotion(access, { spacingMs: access.simulated ? 0 : SPACING_MS });
  const found = await readChannels(CHANNELS_DIR).catch(() => []);
  const channels = found.map(({ key, settings: { name } }) => ({ key, name }));
  const look = (about: string, id: string, purpose: Purpose, options = '') =>
    dataSource(notion, about, id, purpose, `npm run notion:setup${options}`);
  if (NOTION_DATA_SOURCE_ID)
    yield await look('NOTION_DATA_SOURCE_ID', NOTION_DATA_SOURCE_ID, { of: 'videos', names: propertyNames(NOTION_PROPERTIES), channels });
  else if (!access.simulated)
    yield warning(
      'NOTION_DATA_SOURCE_ID',
      'not set: what no webhook tells of is not found',
      'npm run notion:setup makes one, or finds it, and says what to set.',
    );
  if (NOTION_CHANNELS_DATA_SOURCE_ID)
    yield await look('NOTION_CHANNELS_DATA_SOURCE_ID', NOTION_CHANNELS_DATA_SOURCE_ID, { of: 'channels' });
  for (const { key, settings: channel } of found) {
    const { data_source_id: id, properties } = channel.notion ?? {};
    if (!id) continue;
    const names = propertyNames({ ...NOTION_PROPERTIES, ...properties });
    yield await look(`channel ${key}`, id, { of: 'videos', names, channels: null }, ` -- --channel ${key}`);
  }
}

async function dataSource(notion: PatientNotion, about: string, id: string, purpose: Purpose, command: string): Promise<Finding> {
  try {
    const { title, faults, remarks } = await inspectDataSource(notion, id, purpose);
    if (faults.length > 0) return fault(about, `"${title}": ${faults.join('; ')}`, `${command} mends it, and says what it cannot.`);
    if (remarks.length > 0) return warning(about, `"${title}": ${remarks.join('; ')}`, `${command} mends it.`);
    return ok(about, `"${title}" has all that is needed`);
  } catch (error) {
    const { message, userMessage } = Failure.from(error);
    return fault(about, message, userMessage);
  }
}
