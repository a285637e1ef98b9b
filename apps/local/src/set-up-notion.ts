import { notionAccess, propertyNamesText, readChannels, SettingsError, type Channel, type Settings } from '#config';
import { propertyNames, type PropertyNames } from '#pipeline';
import { NotionSetup, PatientNotion, SetupReport } from '#providers/notion';
import { Listr } from 'listr2';
import { stringify } from 'yaml';
import { envLine, setInEnvFile } from './env-file.js';

/** Notion takes 180 requests a minute; this leaves some to whatever else is running (ms). */
const LEAST_SPACING_MS = 350;

export interface SetUpOptions {
  /** Link or id of the page in which a database is made. */
  page?: string;
  /** Link or id of the database, or id of the data source, that is made fit. */
  database?: string;
  /** Key of the channel that the data source is for; left out: it is for all. */
  channel?: string;
  dryRun?: boolean;
  /** Write the ids into the file of the settings. */
  writeEnv?: boolean;
}

interface Output {
  /** Path of the file of the settings. */
  envFile: string;
  say: (text: string) => void;
  /** Whether the steps are shown while they go on. */
  showsSteps: boolean;
}

/**
 * Sets Notion up as settings, channel files and options say, and tells what has become of it.
 * @returns the exit code: 1 when something is left that only a person can do
 * @throws SettingsError, or a Failure whose `userMessage` says what to do
 */
export async function setUpNotion(settings: Settings, options: SetUpOptions, { envFile, say, showsSteps }: Output): Promise<number> {
  const access = notionAccess(settings);
  const channels = await readChannels(settings.CHANNELS_DIR);
  const only = options.channel === undefined ? null : channelOf(channels, options.channel);
  const { page, dryRun = false } = options;
  const known = only ? only.settings.notion?.data_source_id : settings.NOTION_DATA_SOURCE_ID;
  const database = options.database ?? (page === undefined ? known : undefined);
  const channelsId = page === undefined ? settings.NOTION_CHANNELS_DATA_SOURCE_ID : undefined;
  const configured = { ...settings.NOTION_PROPERTIES, ...only?.settings.notion?.properties };

  const steps = new Steps(showsSteps);
  const notion = new PatientNotion(access, {
    spacingMs: access.simulated ? 0 : Math.max(LEAST_SPACING_MS, settings.NOTION_REQUEST_SPACING_MS),
    onWait: (ms, why) => {
      steps.show(`waiting ${Math.ceil(ms / 1_000)} s for Notion: ${why}`);
    },
  });
  const report = new SetupReport(dryRun);
  const setup = new NotionSetup(notion, report, {
    ...(page !== undefined && { page }),
    ...(database !== undefined && { database }),
    ...(channelsId !== undefined && { channelsId }),
    names: propertyNames(configured),
    channels: channels.map(({ key, settings: { name } }) => ({ key, name })),
    only: only && { key: only.key, name: only.settings.name },
  });
  await steps
    .run([
      ['Find the database', () => setup.find()],
      ['Properties and statuses', () => setup.setUpVideos()],
      ...(only ? [] : [['Channels', () => setup.setUpChannels()] as const]),
      ['Views', () => setup.setUpViews()],
      ['Example row', () => setup.setUpExample()],
    ])
    .catch((error: unknown) => {
      if (report.changes.length > 0) say(`\n${summary(report)}\n`);
      throw error;
    });

  for (const name of Object.values(setup.otherNames).filter((other) => other.includes(',')))
    report.problem(`The name of the property "${name}" has a comma, which no setting can say. Rename it in Notion.`);
  say(`\n${summary(report)}\n`);
  const { videos, channels: channelsSource } = setup.ids;
  if (videos && only) say(forChannelFile(only, videos, setup.otherNames));
  if (videos && !only) {
    const values = {
      NOTION_DATA_SOURCE_ID: videos,
      ...(channelsSource && { NOTION_CHANNELS_DATA_SOURCE_ID: channelsSource }),
      ...(Object.keys(setup.otherNames).length > 0 && { NOTION_PROPERTIES: propertyNamesText({ ...configured, ...setup.otherNames }) }),
    };
    say(
      isSet(values, settings)
        ? `\n${envFile} has the ids already.\n`
        : await forEnvFile(envFile, values, options.writeEnv === true && !dryRun),
    );
  }
  if (access.simulated)
    say("\nThis is the simulator's Notion: npm start asks it for the ids, and what is made there is gone when it stops.\n");
  return report.problems.length > 0 ? 1 : 0;
}

/** @returns what was found, if that is worth a word */
type Step = readonly [title: string, act: () => Promise<unknown>];

/** Does one thing after the other, and shows at what it is. */
class Steps {
  /** Shows what the step that goes on is at. */
  show: (what: string) => void = () => undefined;

  constructor(private readonly isShown: boolean) {}

  async run(steps: readonly Step[]): Promise<void> {
    const tasks = steps.map(([title, act]) => ({
      title,
      task: async (_: unknown, shown: { title: string; output: string }) => {
        this.show = (what) => {
          shown.output = what;
        };
        const found = await act();
        if (typeof found === 'string') shown.title = `${title}: ${found}`;
      },
    }));
    await new Listr(tasks, { fallbackRenderer: 'simple', silentRendererCondition: !this.isShown }).run();
  }
}

function channelOf(channels: readonly Channel[], key: string): Channel {
  const found = channels.find((one) => one.key === key);
  if (!found)
    throw new SettingsError([`--channel: there is no channel ${key}; the channels are ${channels.map((one) => one.key).join(', ')}`]);
  return found;
}

function summary({ changes, problems, isDryRun }: SetupReport): string {
  const list = (heading: string, items: readonly string[]) => `${heading}\n${items.map((item) => `  - ${item}`).join('\n')}`;
  return [
    changes.length === 0 ? 'Nothing to do: what can be made is there.' : list(isDryRun ? 'It would make:' : 'Made:', changes),
    ...(problems.length > 0 ? [list('Left for you to mend:', problems)] : []),
  ].join('\n\n');
}

type IdValues = Readonly<Partial<Record<'NOTION_DATA_SOURCE_ID' | 'NOTION_CHANNELS_DATA_SOURCE_ID' | 'NOTION_PROPERTIES', string>>>;

function isSet(values: IdValues, { NOTION_PROPERTIES = {}, NOTION_DATA_SOURCE_ID, NOTION_CHANNELS_DATA_SOURCE_ID }: Settings): boolean {
  const set = { NOTION_DATA_SOURCE_ID, NOTION_CHANNELS_DATA_SOURCE_ID, NOTION_PROPERTIES: propertyNamesText(NOTION_PROPERTIES) };
  return (Object.keys(values) as (keyof IdValues)[]).every((name) => set[name] === values[name]);
}

/** The lines for the file of the settings, or what has become of them. */
async function forEnvFile(envFile: string, values: IdValues, isToBeWritten: boolean): Promise<string> {
  if (isToBeWritten) return `\nWritten into ${envFile}: ${(await setInEnvFile(envFile, values)).join(', ')}\n`;
  const lines = Object.entries(values).map(([name, value]) => envLine(name, value));
  return `\nAdd to ${envFile}, or let --write-env do it:\n\n${lines.join('\n')}\n`;
}

/** What the channel's file has to say of its data source. */
function forChannelFile({ key, settings }: Channel, id: string, otherNames: Partial<PropertyNames>): string {
  const { data_source_id: known, properties = {} } = settings.notion ?? {};
  const names = { ...properties, ...otherNames };
  if (known === id && Object.keys(otherNames).length === 0) return `\nThe file of the channel ${key} has the id already.\n`;
  const notion = { data_source_id: id, ...(Object.keys(names).length > 0 && { properties: names }) };
  return `\nAdd to the file of the channel ${key}:\n\n${stringify({ notion })}`;
}
