import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  collectAllDataSourceRows,
  isFullDatabase,
  isFullPage,
  iteratePaginatedAPI,
  type QueryDataSourceParameters,
} from '@notionhq/client';
import fc from 'fast-check';
import { startNotion, words, type ShownRow, type SimulatedNotion } from '../../../../test/notion/simulated-notion.js';
import { ROOT_PAGE_ID } from './content/ids.js';

type Filter = NonNullable<QueryDataSourceParameters['filter']>;
type Sorts = NonNullable<QueryDataSourceParameters['sorts']>;

/** A row of the test, as it was written. */
interface Seed {
  name: string;
  state: string | null;
  kind: string | null;
  tags: string[];
  cost: number | null;
  isDone: boolean;
  link: string | null;
  hasFile: boolean;
  day: string | null;
}

const STATES = ['Open', 'Shut', 'Lost'];
const SEEDS: Seed[] = Array.from({ length: 60 }, (_, index) => ({
  name: `${index % 2 === 0 ? 'Owl' : 'reef'} ${index}`,
  state: index % 5 === 4 ? null : (STATES[index % 3] ?? null),
  kind: index % 4 === 0 ? null : `k${index % 3}`,
  tags: ['x', 'y', 'z'].slice(0, index % 4),
  cost: index % 6 === 0 ? null : (index * 7) % 13,
  isDone: index % 3 === 0,
  link: index % 7 === 0 ? `https://a.example/${index}` : null,
  hasFile: index % 8 === 0,
  day: index % 9 === 0 ? null : `2026-11-${String((index % 28) + 1).padStart(2, '0')}`,
}));

let workspace: SimulatedNotion;
let source: string;

beforeAll(async () => {
  workspace = await startNotion();
  const database = await workspace.notion.databases.create({
    parent: { type: 'page_id', page_id: ROOT_PAGE_ID },
    initial_data_source: {
      properties: {
        Name: { title: {} },
        State: { status: { options: STATES.map((name) => ({ name })) } },
        Kind: { select: { options: ['k0', 'k1', 'k2'].map((name) => ({ name })) } },
        Tags: { multi_select: { options: ['x', 'y', 'z'].map((name) => ({ name })) } },
        Cost: { number: {} },
        Done: { checkbox: {} },
        Link: { url: {} },
        Files: { files: {} },
        Day: { date: {} },
      },
    },
  });
  source = (isFullDatabase(database) && database.data_sources[0]?.id) || '';
  for (const { name, state, kind, tags, cost, isDone, link, hasFile, day } of SEEDS)
    await workspace.notion.pages.create({
      parent: { data_source_id: source },
      properties: {
        Name: { title: words(name) },
        State: { status: state === null ? null : { name: state } },
        Kind: { select: kind === null ? null : { name: kind } },
        Tags: { multi_select: tags.map((tag) => ({ name: tag })) },
        Cost: { number: cost },
        Done: { checkbox: isDone },
        Link: { url: link },
        Files: { files: hasFile ? [{ name: 'f', external: { url: 'https://f.example/f' } }] : [] },
        Day: { date: day === null ? null : { start: day } },
      },
    });
}, 30_000);
afterAll(() => workspace.close());
afterEach(() => workspace.person('PUT', '', {}));

async function query(more: Partial<QueryDataSourceParameters> = {}): Promise<string[]> {
  const names: string[] = [];
  for await (const row of iteratePaginatedAPI(workspace.notion.dataSources.query, { data_source_id: source, ...more }))
    if (isFullPage(row)) names.push(row.properties.Name?.type === 'title' ? (row.properties.Name.title[0]?.plain_text ?? '') : '');
  return names;
}
const ask = (filter: Filter) => query({ filter });
const like = (test: (seed: Seed) => boolean) =>
  SEEDS.filter(test)
    .map(({ name }) => name)
    .reverse();

describe('a filter', () => {
  const cases: [what: string, filter: Filter, test: (seed: Seed) => boolean][] = [
    ['title contains, whatever the case', { property: 'Name', title: { contains: 'OWL' } }, ({ name }) => name.startsWith('Owl')],
    ['title starts_with', { property: 'Name', title: { starts_with: 'reef 1' } }, ({ name }) => name.startsWith('reef 1')],
    ['title does_not_equal', { property: 'Name', title: { does_not_equal: 'owl 2' } }, ({ name }) => name !== 'Owl 2'],
    ['status equals', { property: 'State', status: { equals: 'Shut' } }, ({ state }) => state === 'Shut'],
    [
      'status equals one of',
      { property: 'State', status: { equals: ['Shut', 'Lost'] } },
      ({ state }) => state === 'Shut' || state === 'Lost',
    ],
    ['status does_not_equal', { property: 'State', status: { does_not_equal: 'Shut' } }, ({ state }) => state !== 'Shut'],
    ['status is_empty', { property: 'State', status: { is_empty: true } }, ({ state }) => state === null],
    ['select equals', { property: 'Kind', select: { equals: 'k1' } }, ({ kind }) => kind === 'k1'],
    ['select is_not_empty', { property: 'Kind', select: { is_not_empty: true } }, ({ kind }) => kind !== null],
    ['multi_select contains', { property: 'Tags', multi_select: { contains: 'y' } }, ({ tags }) => tags.includes('y')],
    ['multi_select does_not_contain', { property: 'Tags', multi_select: { does_not_contain: 'x' } }, ({ tags }) => !tags.includes('x')],
    ['number equals', { property: 'Cost', number: { equals: 3 } }, ({ cost }) => cost === 3],
    ['number greater_than', { property: 'Cost', number: { greater_than: 8 } }, ({ cost }) => cost !== null && cost > 8],
    ['number less_than_or_equal_to', { property: 'Cost', number: { less_than_or_equal_to: 0 } }, ({ cost }) => cost === 0],
    ['number is_empty', { property: 'Cost', number: { is_empty: true } }, ({ cost }) => cost === null],
    ['checkbox equals', { property: 'Done', checkbox: { equals: false } }, ({ isDone }) => !isDone],
    ['checkbox does_not_equal', { property: 'Done', checkbox: { does_not_equal: false } }, ({ isDone }) => isDone],
    ['url is_not_empty', { property: 'Link', url: { is_not_empty: true } }, ({ link }) => link !== null],
    ['url ends_with', { property: 'Link', url: { ends_with: '/14' } }, ({ link }) => link?.endsWith('/14') === true],
    ['files is_not_empty', { property: 'Files', files: { is_not_empty: true } }, ({ hasFile }) => hasFile],
    ['date before', { property: 'Day', date: { before: '2026-11-05' } }, ({ day }) => day !== null && day < '2026-11-05'],
    ['date on_or_after', { property: 'Day', date: { on_or_after: '2026-11-20' } }, ({ day }) => day !== null && day >= '2026-11-20'],
    ['date equals', { property: 'Day', date: { equals: '2026-11-03' } }, ({ day }) => day === '2026-11-03'],
    ['made today', { timestamp: 'created_time', created_time: { past_week: {} } }, () => true],
    ['edited after tomorrow', { timestamp: 'last_edited_time', last_edited_time: { after: 'tomorrow' } }, () => false],
    ['not edited since an hour hence', { timestamp: 'last_edited_time', last_edited_time: { before: inAnHour() } }, () => true],
  ];
  it.each(cases)('%s', async (_, filter, test) => {
    expect(await ask(filter)).toEqual(like(test));
  });

  it('joins others by and and or, in two levels', async () => {
    const simple = fc.constantFrom(...cases.slice(0, 23));
    const group = (member: fc.Arbitrary<[filter: Filter, test: (seed: Seed) => boolean]>) =>
      fc.tuple(fc.constantFrom('and' as const, 'or' as const), fc.array(member, { minLength: 1, maxLength: 3 })).map(([join, members]) => {
        const filter = { [join]: members.map(([one]) => one) } as unknown as Filter;
        const test = (seed: Seed) => (join === 'and' ? members.every(([, one]) => one(seed)) : members.some(([, one]) => one(seed)));
        return [filter, test] as [Filter, typeof test];
      });
    const leaf = simple.map(([, filter, test]) => [filter, test] as [Filter, typeof test]);
    await fc.assert(
      fc.asyncProperty(group(fc.oneof(leaf, group(leaf))), async ([filter, test]) => {
        expect(await ask(filter)).toEqual(like(test));
      }),
      { numRuns: 40 },
    );
  });

  it.each<[string, object, string]>([
    ['what is not there', { property: 'Gone', number: { equals: 1 } }, 'Could not find property with name or id: Gone'],
    ['another type', { property: 'Cost', select: { equals: 'a' } }, 'database property number does not match filter select'],
    [
      'an option that is not there',
      { property: 'State', status: { equals: 'Ajar' } },
      'status option "Ajar" not found for property "State". Available options: "Open", "Shut", "Lost"',
    ],
    [
      'groups in groups in groups',
      { and: [{ or: [{ and: [] }] }] },
      'body failed validation: body.filter.and[0].or[0].and should be not present, instead was `[]`.',
    ],
  ])('cannot ask for %s', async (_, filter, message) => {
    await expect(ask(filter as Filter)).rejects.toMatchObject({ status: 400, code: 'validation_error', message });
  });
});

function inAnHour(): string {
  return new Date(Date.now() + 3_600_000).toISOString();
}

describe('sorts', () => {
  const by = (sorts: Sorts) => query({ sorts });

  it('follow one another, what is empty last', async () => {
    const expected = [...SEEDS.keys()].sort((one, other) => {
      const [a, b] = [SEEDS[one], SEEDS[other]];
      const place = (seed?: Seed) => (seed?.state ? STATES.indexOf(seed.state) : Infinity);
      const cost = (seed?: Seed) => seed?.cost ?? -1;
      return place(a) - place(b) || cost(b) - cost(a) || one - other;
    });
    const sorts: Sorts = [
      { property: 'State', direction: 'ascending' },
      { property: 'Cost', direction: 'descending' },
    ];
    expect(await by(sorts)).toEqual(expected.map((index) => SEEDS[index]?.name));
  });

  it('can be by the time of the last edit', async () => {
    await workspace.person('PUT', '', { minute_times: false });
    const rows = await workspace.person<ShownRow[]>('GET', `rows?data_source_id=${source}`);
    const third = rows[2]?.id ?? '';
    await new Promise((resolve) => setTimeout(resolve, 5));
    await workspace.notion.pages.update({ page_id: third, properties: { Done: { checkbox: SEEDS[2]?.isDone ?? false } } });
    expect((await by([{ timestamp: 'last_edited_time', direction: 'descending' }]))[0]).toBe(SEEDS[2]?.name);
    expect((await by([{ timestamp: 'last_edited_time', direction: 'ascending' }])).at(-1)).toBe(SEEDS[2]?.name);
  });
});

describe('paging', () => {
  it('gives at most a hundred at a time, by cursors that say nothing', async () => {
    const first = await workspace.notion.dataSources.query({ data_source_id: source, page_size: 25 });
    expect([first.results.length, first.has_more, first.type]).toEqual([25, true, 'page_or_data_source']);
    expect(first.next_cursor).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    expect(await query({ page_size: 7 })).toEqual(like(() => true));
    const again = { data_source_id: source, page_size: 25, start_cursor: first.next_cursor };
    const [one, other] = [await workspace.notion.dataSources.query(again), await workspace.notion.dataSources.query(again)];
    expect(one.results).toEqual(other.results);
    const otherwise = { ...again, filter: { property: 'Done', checkbox: { equals: true } } };
    await expect(workspace.notion.dataSources.query(otherwise)).rejects.toMatchObject({
      message: `The start_cursor provided is invalid: ${first.next_cursor ?? ''}`,
    });
    for (const page_size of [101, 0]) await expect(query({ page_size })).rejects.toMatchObject({ code: 'validation_error' });
  });

  it('misses a row that moves ahead of the cursor meanwhile, as in Notion', async () => {
    const ask = { data_source_id: source, page_size: 30, sorts: [{ property: 'Name', direction: 'ascending' as const }] };
    const first = await workspace.notion.dataSources.query(ask);
    const rows = await workspace.person<ShownRow[]>('GET', `rows?data_source_id=${source}`);
    const last = rows.find(({ properties }) => properties.Name === 'reef 9')?.id ?? '';
    const rename = (name: string) => workspace.person('PATCH', `rows/${last}`, { properties: { Name: name } });
    await rename('A 9');
    const second = await workspace.notion.dataSources.query({ ...ask, start_cursor: first.next_cursor });
    await rename('reef 9');
    expect([second.results.length, second.has_more]).toEqual([29, false]);
  });

  it('ends without a word after as many rows as one query yields, but for its status', async () => {
    await workspace.person('PUT', '', { query_limit: 40, minute_times: false });
    const first = await workspace.notion.dataSources.query({ data_source_id: source, page_size: 30 });
    expect(first.request_status).toEqual({ type: 'complete' });
    const second = await workspace.notion.dataSources.query({ data_source_id: source, page_size: 30, start_cursor: first.next_cursor });
    expect(second).toMatchObject({ has_more: false, next_cursor: null });
    expect(second.results).toHaveLength(10);
    expect(second.request_status).toEqual({ type: 'incomplete', incomplete_reason: 'query_result_limit_reached' });
    // The SDK's own way around it.
    const all = await collectAllDataSourceRows(workspace.notion, { data_source_id: source });
    expect(new Set(all.map(({ id }) => id)).size).toBe(60);
  });

  it('gives only the properties that are wanted', async () => {
    const filter = { property: 'Name', title: { equals: 'Owl 2' } };
    const { results } = await workspace.notion.dataSources.query({ data_source_id: source, filter, filter_properties: ['Cost', 'title'] });
    const [row] = results;
    expect(row && 'properties' in row && Object.keys(row.properties)).toEqual(['Name', 'Cost']);
  });
});
