import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { readChannels, readSettings } from '#config';
import { Failure, GATED_STEPS, ROW_PROPERTIES, STATUSES, propertyNames, statusTitle } from '#pipeline';
import { CHANNEL_PROPERTIES, NotionSetup, PatientNotion, SetupReport } from '#providers/notion';
import { SIMULATED_KEY } from '#providers/registry';
import { Client, isFullDataSource, isFullDatabase, isFullPage, isFullView, type DataSourceObjectResponse } from '@notionhq/client';
import { execa } from 'execa';
import { setUpNotion, type SetUpOptions } from '../../apps/local/src/set-up-notion.js';
import { startSimulator } from '../../apps/simulator/src/main.js';
import { DATABASE_ID, ROOT_PAGE_ID as PAGE } from '../../apps/simulator/src/notion/content/ids.js';

jest.setTimeout(60_000);

const ROOT = resolve(import.meta.dirname, '../..');
const EXAMPLE = /^Example: /;

let simulator: Awaited<ReturnType<typeof startSimulator>>;
let notion: Client;
let folder: string;

beforeAll(async () => {
  simulator = await startSimulator({ port: 0 });
  notion = new Client({ auth: SIMULATED_KEY, baseUrl: `${simulator.url}/notion`, notionVersion: '2026-03-11', retry: false });
});
afterAll(() => simulator.app.close());
beforeEach(async () => {
  await order({});
  folder = await mkdtemp(join(tmpdir(), 'notion-setup-'));
  await mkdir(join(folder, 'channels'));
  for (const [key, name] of [
    ['reef', 'Reef Nights'],
    ['tide', 'Tide'],
  ] as const)
    await writeFile(join(folder, `channels/${key}.yaml`), channelFile(name));
  return () => rm(folder, { recursive: true, force: true });
});

/** The ids and what else was said. `problem`: why it stopped. */
interface Outcome {
  exitCode: number | undefined;
  said: string;
  problem: string;
  videos: string;
  channels: string;
}
const outcome = (exitCode: number | undefined, said: string, problem: string): Outcome => {
  const id = (name: string) => new RegExp(`^${name}=(\\S+)$`, 'm').exec(said)?.[1] ?? '';
  return { exitCode, said, problem, videos: id('NOTION_DATA_SOURCE_ID'), channels: id('NOTION_CHANNELS_DATA_SOURCE_ID') };
};

/** What the command does, in this process. */
async function setUp(options: SetUpOptions, environment: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  let said = '';
  const settings = readSettings({ SIMULATOR_URL: simulator.url, CHANNELS_DIR: join(folder, 'channels'), ...environment });
  const output = { envFile: join(folder, '.env'), say: (text: string) => void (said += text), showsSteps: false };
  return setUpNotion(settings, options, output).then(
    (exitCode) => outcome(exitCode, said, ''),
    (error: unknown) => outcome(1, said, error instanceof Failure ? error.userMessage : String(error)),
  );
}

/** The command as a person runs it, in a folder of its own. */
async function run(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  const { PATH = '', NODE_OPTIONS = '' } = process.env;
  const env = { PATH, NODE_OPTIONS, SIMULATOR_URL: simulator.url, ...environment };
  const command = [join(ROOT, 'dist/apps/local/src/notion-setup.js'), ...args];
  const { exitCode, stdout, stderr } = await execa(process.execPath, command, { cwd: folder, env, extendEnv: false, reject: false });
  return outcome(exitCode, stdout, stderr);
}

/** Has the simulator answer some requests otherwise. */
async function order(settings: object): Promise<void> {
  await fetch(`${simulator.url}/simulator/notion`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(settings),
  });
}
async function requests(): Promise<{ kinds: Record<string, number>; most_in_a_second: number; requests: number }> {
  return (await fetch(`${simulator.url}/simulator/notion/traffic`)).json() as never;
}

/** A page of its own for a database. */
async function newPage(): Promise<string> {
  return (await notion.pages.create({ parent: { page_id: PAGE }, properties: { title: { title: text('A page') } } })).id;
}
const text = (content: string) => [{ text: { content } }];

async function sourceAt(id: string): Promise<DataSourceObjectResponse> {
  const source = await notion.dataSources.retrieve({ data_source_id: id });
  if (!isFullDataSource(source)) throw new Error('half a data source');
  return source;
}
async function rowsOf(id: string) {
  const { results } = await notion.dataSources.query({ data_source_id: id });
  return results.filter(isFullPage);
}
async function viewsOf(id: string) {
  const { results } = await notion.views.list({ data_source_id: id });
  const views = await Promise.all(results.map((view) => notion.views.retrieve({ view_id: view.id })));
  return views.filter(isFullView);
}
const optionsOf = (source: DataSourceObjectResponse, name: string) => {
  const property = source.properties[name];
  if (property?.type === 'status') return property.status.options;
  return property?.type === 'select' ? property.select.options : [];
};
const titleOf = ({ properties }: { properties: Record<string, unknown> }) =>
  Object.values(properties)
    .flatMap((value) => (value as { title?: { plain_text: string }[] }).title ?? [])
    .map(({ plain_text }) => plain_text)
    .join('');
/** Everything that a set-up could change. */
async function everything(...ids: string[]): Promise<unknown> {
  const all = await Promise.all(ids.map(async (id) => [await sourceAt(id), await rowsOf(id), await viewsOf(id)]));
  return JSON.parse(JSON.stringify(all, (name, value: unknown) => (name === 'request_id' ? undefined : value)));
}

/** A database as somebody made it by hand; its data source. */
async function byHand(properties: Parameters<Client['dataSources']['create']>[0]['properties'], page = PAGE): Promise<string> {
  const database = await notion.databases.create({
    parent: { type: 'page_id', page_id: page },
    title: text('My films'),
    initial_data_source: { properties },
  });
  return (isFullDatabase(database) && database.data_sources[0]?.id) || '';
}

describe('with a page', () => {
  it('makes the database, with all that rows, channels and reviewers need', async () => {
    const page = await newPage();
    const { exitCode, said, videos, channels } = await setUp({ page });
    expect([exitCode, said]).toEqual([0, expect.stringContaining('the database "Videos" in the page "A page", with 16 properties')]);

    const source = await sourceAt(videos);
    expect(Object.values(source.properties).map(({ name, type }) => [name, type])).toEqual(
      Object.values(ROW_PROPERTIES).map(({ name, kind }) => [name, kind]),
    );
    expect(Object.values(source.properties).every(({ description }) => description)).toBe(true);
    const statuses = optionsOf(source, 'Status');
    expect(statuses.map(({ name }) => name)).toEqual(STATUSES.map(statusTitle));
    const colors = new Map(statuses.map(({ name, color }) => [name, color]));
    expect(
      ['Draft', 'Assets Ready', 'Final Review', 'Assets Approved', 'Published', 'Audio Error'].map((name) => colors.get(name)),
    ).toEqual(['gray', 'yellow', 'yellow', 'purple', 'green', 'red']);
    expect(statuses.find(({ name }) => name === 'Video Ready')?.description).toBe(
      'Waits for you: set Video Approved to go on, Generating Video to have everything made again.',
    );
    expect(optionsOf(source, 'Channel').map(({ name, description }) => [name, description])).toEqual([
      ['reef', 'Reef Nights'],
      ['tide', 'Tide'],
    ]);
    expect(optionsOf(source, 'Priority').map(({ name }) => name)).toEqual(['High', 'Normal', 'Low']);
    expect(optionsOf(source, 'Thumbnail').map(({ name }) => name)).toEqual(['1', '2', '3']);
    expect([source.properties.Cost, source.properties.Estimate]).toMatchObject([
      { number: { format: 'dollar' } },
      { number: { format: 'dollar' } },
    ]);

    const shown = await sourceAt(channels);
    expect(shown.parent).toEqual(source.parent);
    expect(Object.values(shown.properties).map(({ name, type }) => [name, type])).toEqual(
      Object.values(CHANNEL_PROPERTIES).map(({ name, kind }) => [name, kind]),
    );
    expect((await rowsOf(channels)).map(titleOf).sort()).toEqual(['reef', 'tide']);

    const [example, ...others] = await rowsOf(videos);
    expect(others).toEqual([]);
    expect(example?.properties).toMatchObject({ Status: { status: { name: 'Draft' } }, Channel: { select: { name: 'reef' } } });

    const views = await viewsOf(videos);
    expect(views.map(({ name, type }) => [name, type])).toEqual([
      ['Everything', 'table'],
      ['By status', 'board'],
      ['Needs you', 'table'],
    ]);
    const status = source.properties.Status?.id;
    expect(views[1]?.configuration).toMatchObject({ group_by: { type: 'status', property_id: status, group_by: 'option' } });
    const needed = [...GATED_STEPS.map(({ gate }) => gate.waiting), ...STATUSES.filter((one) => one.endsWith('_error'))];
    expect(views[2]?.filter).toEqual({ property: status, status: { equals: needed.map(statusTitle) } });
  });

  it('changes nothing when it is run again, by the page, by the database, and by the settings', async () => {
    const page = await newPage();
    const { videos, channels } = await setUp({ page });
    const before = await everything(videos, channels);
    const { parent } = await sourceAt(videos);
    const database = parent.database_id.replaceAll('-', '');
    const settings = { NOTION_DATA_SOURCE_ID: videos, NOTION_CHANNELS_DATA_SOURCE_ID: channels };
    for (const [options, environment] of [
      [{ page: `https://www.notion.so/studio/A-page-${page.replaceAll('-', '')}?pvs=4` }, {}],
      [{ database: `https://www.notion.so/studio/Videos-${database}?v=${database}` }, {}],
      [{}, settings],
    ] as const) {
      await order({});
      const again = await setUp(options, environment);
      expect([again.exitCode, again.said]).toEqual([0, expect.stringContaining('Nothing to do')]);
      expect(Object.keys((await requests()).kinds).filter((kind) => /^(PATCH|DELETE)|^POST (?!.*\/(query|search)$)/.test(kind))).toEqual(
        [],
      );
    }
    expect(await everything(videos, channels)).toEqual(before);
    expect((await setUp({}, settings)).said).toContain('.env has the ids already.');
  });

  it('makes the example once: whoever has thrown it away does not want it again', async () => {
    const page = await newPage();
    const { videos } = await setUp({ page });
    const [example] = await rowsOf(videos);
    await notion.pages.update({ page_id: example?.id ?? '', in_trash: true });
    expect((await setUp({ page })).said).toContain('Nothing to do');
    expect(await rowsOf(videos)).toEqual([]);
  });

  it('only says what it would do when it is told so', async () => {
    const page = await newPage();
    await order({});
    const { exitCode, said, videos } = await setUp({ page, dryRun: true, writeEnv: true });
    expect([exitCode, videos]).toEqual([0, '']);
    for (const what of [
      'It would make:',
      'the database "Videos"',
      'the data source "Channels"',
      'the row "tide"',
      'the view "Needs you"',
      'Example: ',
    ])
      expect(said).toContain(what);
    expect(Object.keys((await requests()).kinds).filter((kind) => !kind.startsWith('GET'))).toEqual([]);
    expect((await notion.blocks.children.list({ block_id: page })).results).toEqual([]);
    await expect(stat(join(folder, '.env'))).rejects.toThrow('ENOENT');
  });

  it('makes everything once though every first answer to a change of a kind is lost', async () => {
    const page = await newPage();
    const lost = ['/databases', '/data_sources', '/pages', '/views'].map((path) => ({ method: 'POST', path }));
    await order({
      next: [...lost, { method: 'PATCH', path: '/views' }].map((which) => ({ ...which, answer: 'saved_but_unavailable', times: 1 })),
    });
    const waits: string[] = [];
    const address = { baseUrl: `${simulator.url}/notion`, apiKey: SIMULATED_KEY };
    const patient = new PatientNotion(address, { spacingMs: 0, onWait: (_ms, why) => waits.push(why) });
    const channels = [{ key: 'reef', name: 'Reef' }];
    const setup = new NotionSetup(patient, new SetupReport(false), { page, names: propertyNames(), channels, only: null });
    await setup.find();
    await setup.setUpVideos();
    await setup.setUpChannels();
    await setup.setUpViews();
    await setup.setUpExample();
    expect(waits).toHaveLength(5);

    const ids = { videos: setup.ids.videos ?? '', channels: setup.ids.channels ?? '' };
    expect((await notion.blocks.children.list({ block_id: page })).results).toHaveLength(1);
    const database = await notion.databases.retrieve({ database_id: (await sourceAt(ids.videos)).parent.database_id });
    expect(isFullDatabase(database) && database.data_sources.map(({ name }) => name)).toEqual(['Videos', 'Channels']);
    expect((await rowsOf(ids.channels)).map(titleOf)).toEqual(['reef']);
    expect((await rowsOf(ids.videos)).map(titleOf)).toEqual([expect.stringMatching(EXAMPLE)]);
    expect((await viewsOf(ids.videos)).map(({ name }) => name)).toEqual(['Everything', 'By status', 'Needs you']);
  });

  it('adds what is missing once though the answer is lost', async () => {
    const id = await byHand({ Name: { title: {} } });
    await order({ next: [{ answer: 'saved_but_unavailable', method: 'PATCH', path: '/data_sources', times: 1 }] });
    expect(await setUp({ database: id })).toMatchObject({ exitCode: 0 });
    expect((await requests()).kinds['PATCH /data_sources/{id}']).toBe(1);
  });

  it('says what is there under that name, and touches it not', async () => {
    const page = await newPage();
    await notion.databases.create({ parent: { type: 'page_id', page_id: page }, title: text('Videos') });
    const { exitCode, problem } = await setUp({ page });
    expect([exitCode, problem]).toEqual([1, expect.stringContaining('has a database "Videos" already, without the statuses of videos')]);
  });
});

describe('with a database that there is', () => {
  it('adds what is missing, keeps what there is, and says what only a person can mend', async () => {
    const id = await byHand({
      Film: { title: {} },
      Status: {
        status: {
          options: [
            { name: 'Idea', color: 'pink' },
            { name: 'Published', color: 'brown' },
            { name: 'Queued', color: 'pink' },
          ],
        },
      },
      Channel: { rich_text: {} },
      Priority: { select: { options: [{ name: 'low', color: 'pink' }] } },
      Cost: { number: { format: 'euro' } },
      Topic: { rich_text: {} },
    });
    const row = await notion.pages.create({
      parent: { data_source_id: id },
      properties: {
        Film: { title: text('Mine') },
        Status: { status: { name: 'Idea' } },
        Topic: { rich_text: text('Sand') },
        Cost: { number: 3 },
      },
    });
    const before = await sourceAt(id);
    const { exitCode, said } = await setUp({ database: id });
    expect(said).toContain('Channel in My films is a text property and has to be a select.');
    expect(said).toContain('NOTION_PROPERTIES=title=Film');
    expect(exitCode).toBe(1);

    const after = await sourceAt(id);
    expect(Object.keys(after.properties).sort()).toEqual(
      [
        'Film',
        ...Object.values(ROW_PROPERTIES)
          .map(({ name }) => name)
          .filter((name) => name !== 'Name'),
      ].sort(),
    );
    const [was, are] = [before, after].map((source) => optionsOf(source, 'Status'));
    expect(are?.filter(({ name }) => ['Idea', 'Published', 'Queued'].includes(name))).toEqual(was);
    expect(new Set(are?.map(({ name }) => name))).toEqual(new Set(['Idea', ...STATUSES.map(statusTitle)]));
    expect(optionsOf(after, 'Priority').map(({ name, color }) => [name, color])).toEqual([
      ['High', 'default'],
      ['Normal', 'default'],
      ['low', 'pink'],
    ]);
    expect(after.properties.Cost).toEqual(before.properties.Cost);
    const [mine, ...others] = await rowsOf(id);
    expect([mine?.id, others]).toEqual([row.id, []]);
    expect(mine?.properties).toMatchObject({
      Status: { status: { name: 'Idea' } },
      Cost: { number: 3 },
      Topic: { rich_text: [{ plain_text: 'Sand' }] },
    });

    await notion.dataSources.update({ data_source_id: id, properties: { Channel: { select: {} } } });
    const mended = await setUp({ database: id }, { NOTION_PROPERTIES: 'title=Film' });
    expect([mended.exitCode, mended.said]).toEqual([0, expect.stringContaining('the options reef, tide of Channel in "My films"')]);
    expect((await setUp({ database: id }, { NOTION_PROPERTIES: 'title=Film' })).said).toContain('Nothing to do');
  });

  it('makes properties under the names of the settings, and knows its own when somebody has renamed them', async () => {
    const page = await newPage();
    const { videos } = await setUp({ page }, { NOTION_PROPERTIES: 'title=Film,review_note=Remark' });
    expect(Object.keys((await sourceAt(videos)).properties)).toEqual(expect.arrayContaining(['Film', 'Remark']));
    await notion.dataSources.update({
      data_source_id: videos,
      properties: { 'Story Direction': { name: "The film's idea" }, Status: { name: 'State' } },
    });
    const again = await setUp({ database: videos }, { NOTION_PROPERTIES: 'title=Film,review_note=Remark' });
    expect(again.said).toContain('Nothing to do');
    const line = /^NOTION_PROPERTIES="(.*)"$/m.exec(again.said)?.[1] ?? '';
    expect(line).toBe("title=Film,review_note=Remark,status=State,story_direction=The film's idea");
    expect(await setUp({ database: videos, writeEnv: true }, { NOTION_PROPERTIES: 'title=Film,review_note=Remark' })).toMatchObject({
      exitCode: 0,
    });
    expect(await readFile(join(folder, '.env'), 'utf8')).toContain(`NOTION_PROPERTIES="${line}"`);
  });

  it('asks which one is meant when there are several data sources', async () => {
    const id = await byHand({ Name: { title: {} } });
    const { parent } = await sourceAt(id);
    await notion.dataSources.create({
      parent: { type: 'database_id', database_id: parent.database_id },
      title: text('Notes'),
      properties: { Name: { title: {} } },
    });
    const { exitCode, problem } = await setUp({ database: parent.database_id });
    expect([exitCode, problem]).toEqual([
      1,
      expect.stringMatching(new RegExp(`Say which one.*\\n  ${id}  My films\\n  [-0-9a-f]{36}  Notes`)),
    ]);
  });
});

it('with a channel, makes a data source for its rows alone, which its file then names', async () => {
  const page = await newPage();
  const { exitCode, said } = await setUp({ channel: 'reef', page });
  expect(exitCode).toBe(0);
  const lines = said.slice(said.indexOf('notion:\n')).split('\n\n')[0] ?? '';
  await writeFile(join(folder, 'channels/reef.yaml'), `${channelFile('Reef Nights')}${lines}\n`);
  const id = (await readChannels(join(folder, 'channels'))).find(({ key }) => key === 'reef')?.settings.notion?.data_source_id ?? '';
  const source = await sourceAt(id);
  expect(Object.keys(source.properties)).toEqual(
    Object.values(ROW_PROPERTIES)
      .map(({ name }) => name)
      .filter((name) => name !== 'Channel'),
  );
  const database = await notion.databases.retrieve({ database_id: source.parent.database_id });
  expect(isFullDatabase(database) && database.data_sources.map(({ name }) => name)).toEqual(['Reef Nights']);
  expect((await rowsOf(id)).map(titleOf)).toEqual([expect.stringMatching(EXAMPLE)]);
  const again = await setUp({ channel: 'reef' });
  expect(again.said).toMatch(/Nothing to do[\s\S]*The file of the channel reef has the id already\./);
  expect(await setUp({ channel: 'wreck', page })).toMatchObject({
    exitCode: 1,
    problem: expect.stringContaining('there is no channel wreck; the channels are reef, tide') as unknown,
  });
});

describe('--write-env', () => {
  it('writes the ids into .env and touches nothing else there', async () => {
    const page = await newPage();
    const first = await setUp({ page, writeEnv: true });
    expect(first.said).toMatch(/Written into .*\.env: NOTION_DATA_SOURCE_ID, NOTION_CHANNELS_DATA_SOURCE_ID\n/);
    const file = join(folder, '.env');
    const written = await readFile(file, 'utf8');
    expect(written).toMatch(/^NOTION_DATA_SOURCE_ID=[-0-9a-f]{36}\nNOTION_CHANNELS_DATA_SOURCE_ID=[-0-9a-f]{36}\n$/);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const [videos = '', channels = ''] = written.trim().split('\n');

    await writeFile(file, `# mine\nAPI_TOKEN='a b'\n  NOTION_DATA_SOURCE_ID = old\n# NOTION_CHANNELS_DATA_SOURCE_ID=\nPORT=0`);
    await setUp({ page, writeEnv: true });
    expect(await readFile(file, 'utf8')).toBe(
      `# mine\nAPI_TOKEN='a b'\n${videos}\n# NOTION_CHANNELS_DATA_SOURCE_ID=\nPORT=0\n${channels}\n`,
    );
    const again = await setUp({ page, writeEnv: true }, parseEnv(written) as Record<string, string>);
    expect(again.said).toContain('.env has the ids already.');
  });
});

describe('says in plain words', () => {
  const real = () => ({ SIMULATOR_URL: '', NOTION_BASE_URL: `${simulator.url}/notion` });

  it.each<[what: string, options: SetUpOptions, environment: () => Record<string, string>, settings: object, says: RegExp]>([
    [
      'that the token is wrong',
      { page: PAGE },
      () => ({ ...real(), NOTION_TOKEN: 'ntn_wrong' }),
      {},
      /does not know the token.*NOTION_TOKEN/,
    ],
    ['that neither token nor simulator is set', {}, () => ({ SIMULATOR_URL: '' }), {}, /NOTION_TOKEN is not set/],
    ['how to share a page', { page: '12345678123412341234123456789abc' }, () => ({}), {}, /does not show the page.*Connections/],
    [
      'how to share a database',
      { database: '12345678123412341234123456789abc' },
      () => ({}),
      {},
      /does not show the database.*Connections/,
    ],
    ['what a link has to be', { page: 'https://example.com/' }, () => ({}), {}, /neither a link nor an id.*Copy link/],
    ['that a page is no database', { database: PAGE }, () => ({}), {}, /Use --page/],
    ['that a database is no page', { page: DATABASE_ID }, () => ({}), {}, /Use --database/],
    ['which right is missing', { page: PAGE }, () => ({}), { capabilities: ['update'] }, /Capabilities, tick Read, Update and Insert/],
    ['that nobody answers', {}, () => ({ SIMULATOR_URL: 'http://127.0.0.1:1' }), {}, /cannot be reached/],
    ['that Notion has blocked the connection', {}, () => ({}), { answers: { request_blocked: 1 } }, /has blocked the connection/],
  ])('%s', async (_what, options, environment, settings, says) => {
    await order(settings);
    const { exitCode, problem } = await setUp(options, environment());
    expect([exitCode, problem]).toEqual([1, expect.stringMatching(says)]);
    expect(problem).not.toContain('ntn_wrong');
  });

  it('what the free plan allows', async () => {
    const page = await newPage();
    await order({ plan: 'free', block_limit: 1 });
    const { exitCode, problem } = await setUp({ page });
    expect([exitCode, problem]).toEqual([1, expect.stringContaining('free plan')]);
  });

  it('what it has made before Notion stopped answering, and goes on there', async () => {
    const page = await newPage();
    await order({
      next: [{ answer: 'internal_server_error', method: 'POST', path: '/v1/data_sources', times: 1 }],
      capabilities: ['read', 'insert'],
    });
    const first = await setUp({ page });
    // Renaming a view is an update, which the connection may not do here.
    expect(first).toMatchObject({ exitCode: 1, said: expect.stringContaining('the data source "Channels"') as unknown });
    expect(first.problem).toContain('Capabilities');
    await order({});
    const second = await setUp({ page });
    expect([second.exitCode, second.said.match(/^ {2}- .*/gm)]).toEqual([
      0,
      ['  - the view "Everything"', expect.stringMatching(/the row "Example/)],
    ]);
  });
});

it('is paced: no three requests come in less than two spaces', async () => {
  const page = await newPage();
  await order({});
  const notion350 = new PatientNotion({ baseUrl: `${simulator.url}/notion`, apiKey: SIMULATED_KEY }, { spacingMs: 350 });
  const setup = new NotionSetup(notion350, new SetupReport(true), { page, names: propertyNames(), channels: [], only: null });
  for (let times = 0; times < 3; times += 1) await setup.find();
  expect(await requests()).toMatchObject({ requests: 6, most_in_a_second: 3 });
});

describe('the command', () => {
  it('makes what is missing, shows at what it is, and writes .env', async () => {
    const page = await newPage();
    await order({ next: [{ answer: 'rate_limited', method: 'POST', path: '/views', times: 1 }] });
    const first = await run(['--page', page, '--write-env']);
    expect([first.exitCode, first.problem]).toEqual([0, '']);
    for (const line of ['Find the database: none yet, in the page "A page"', 'waiting 1 s for Notion: it has been asked too much', 'Made:'])
      expect(first.said).toContain(line);
    const second = await run([]);
    expect([second.exitCode, second.said]).toEqual([0, expect.stringMatching(/Nothing to do[\s\S]*\.env has the ids already\./)]);
  });

  it('ends with 1 and a sentence when it cannot', async () => {
    const { exitCode, problem } = await run(['--page', '12345678123412341234123456789abc']);
    expect([exitCode, problem]).toEqual([1, expect.stringMatching(/\n\nNotion does not show the page[^\n]*Connections[^\n]*$/)]);
  });

  it('says how it is used', async () => {
    const help = await run(['--help']);
    expect(help.exitCode).toBe(0);
    for (const option of ['--page', '--database', '--channel', '--dry-run', '--write-env']) expect(help.said).toContain(option);
    expect(await run(['--pgae', PAGE])).toMatchObject({
      exitCode: 1,
      problem: expect.stringContaining("unknown option '--pgae'") as unknown,
    });
    expect((await run(['--page', PAGE, '--database', PAGE])).exitCode).toBe(1);
  });
});

function channelFile(name: string): string {
  return `name: ${name}
language: en
voice_id: JBFqnCBsd6RMkjVDRZzb
style: blue
atmosphere: calm
scenes: 1
youtube:
  channel_id: UCsimulatedchannel000001
  privacy: private
  category_id: '28'
  made_for_kids: false
  synthetic_media: true
`;
}
