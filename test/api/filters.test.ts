import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { TestGateway, type Answer } from './gateway.js';

jest.setTimeout(120_000);

interface Row {
  id: string;
  title: string;
  status: string;
  priority: string;
  created_at: string;
}

let gateway: TestGateway;
afterAll(() => gateway.remove());
const get = <T = Row[]>(path: string): Promise<Answer<T>> => gateway.ask<T>('GET', `/api/v1${path}`);
const titles = async (query: string) => (await get(`/tasks?limit=200&${query}`)).body.data.map(({ title }) => title);

describe('the list of videos', () => {
  /** Created a minute apart from noon on; the later the less urgent. */
  const VIDEOS: [title: string, channel: string, status: string, priority: number][] = [
    ['100% Whale', 'tide', 'published', 0],
    ['100 whales', 'tide', 'assets_ready', 0],
    ['A_reef', 'reef', 'video_ready', 1],
    ['Areef', 'reef', 'generating_video', 1],
    ['Stopped', 'tide', 'video_error', 1],
    ['C:\\sea', 'tide', 'draft', 2],
  ];
  const NEWEST_FIRST = VIDEOS.map(([title]) => title).reverse();
  const noonPlus = (minutes: number) => new Date(Date.UTC(2026, 10, 21, 12, minutes)).toISOString();

  beforeAll(async () => {
    gateway = await TestGateway.start();
    for (const [index, [title, channel, status, priority]] of VIDEOS.entries()) {
      await gateway.query(
        `INSERT INTO tasks (channel_id, title, status, priority, created_at, updated_at)
         SELECT id, $1, $2, $3, $4, $5 FROM channels WHERE key = $6`,
        [title, status, priority, noonPlus(index), noonPlus(60 - index), channel],
      );
    }
  });

  it.each<[query: string, wanted: string[]]>([
    ['', NEWEST_FIRST],
    ['channel=Reef', ['Areef', 'A_reef']],
    ['status=draft,published', ['C:\\sea', '100% Whale']],
    ['status=draft&status=published', ['C:\\sea', '100% Whale']],
    ['waiting=true', ['A_reef', '100 whales']],
    ['waiting=true&channel=tide', ['100 whales']],
    ['waiting=false&channel=reef', ['Areef']],
    ['in_error=true', ['Stopped']],
    ['in_error=false&status=video_error', []],
    ['in_error=true&waiting=true', []],
    ['priority=low', ['C:\\sea']],
    ['q=WHALE', ['100 whales', '100% Whale']],
    ['q=100%25', ['100% Whale']],
    ['q=a_r', ['A_reef']],
    ['q=%5C', ['C:\\sea']],
    ['created_after=2026-11-21T12:04:00Z', ['C:\\sea', 'Stopped']],
    ['created_before=2026-11-21T12:02:00Z', ['100 whales', '100% Whale']],
    ['created_after=2026-11-21T13:01:00%2B01:00&created_before=2026-11-21T12:03:00Z', ['A_reef', '100 whales']],
    ['created_after=2026-11-22', []],
    ['updated_after=2026-11-21T12:59:00Z', ['100 whales', '100% Whale']],
    ['sort=created_at', [...NEWEST_FIRST].reverse()],
    ['sort=updated_at', NEWEST_FIRST],
    ['sort=-updated_at', [...NEWEST_FIRST].reverse()],
    ['sort=-priority', ['100 whales', '100% Whale', 'Stopped', 'Areef', 'A_reef', 'C:\\sea']],
    ['sort=priority', ['C:\\sea', 'Stopped', 'Areef', 'A_reef', '100 whales', '100% Whale']],
  ])('with "%s"', async (query, wanted) => {
    expect(await titles(query)).toEqual(wanted);
  });

  it('takes the same conditions for one channel', async () => {
    const reef = await gateway.database.channels.findByName('reef');
    const listed = await get(`/channels/${reef?.id ?? ''}/tasks?waiting=true`);
    expect(listed.body).toMatchObject({ data: [{ title: 'A_reef' }], pagination: { total: 1 } });
    expect((await get(`/channels/${reef?.id ?? ''}/tasks?channel=tide`)).body.error.details?.[0]?.field).toBe('channel');
    expect((await get(`/tasks?channel=tide&channel_id=${reef?.id ?? ''}`)).body.error.details?.[0]?.field).toBe('channel');
  });

  it('shows each video on one page, also when they are equally old', async () => {
    await gateway.query(
      `INSERT INTO tasks (channel_id, title, status, created_at, updated_at)
       SELECT id, 'Twin ' || n, 'draft', '2026-11-01', '2026-11-01' FROM channels, generate_series(1, 25) AS n WHERE key = 'reef'`,
    );
    for (const sort of ['-created_at', 'updated_at', '-priority']) {
      const pages = await Promise.all([0, 10, 20].map((offset) => get(`/tasks?q=Twin&limit=10&offset=${offset}&sort=${sort}`)));
      expect(pages.map(({ body }) => [body.pagination.total, body.pagination.has_more])).toEqual([
        [25, true],
        [25, true],
        [25, false],
      ]);
      expect(new Set(pages.flatMap(({ body }) => body.data.map(({ id }) => id))).size).toBe(25);
    }
  });

  it.each<[query: string, field: string]>([
    ['status=finished', 'status'],
    ['status=draft,', 'status'],
    ['waiting=yes', 'waiting'],
    ['waiting=true&waiting=false', 'waiting'],
    ['in_error=', 'in_error'],
    ['priority=urgent', 'priority'],
    ['q=', 'q'],
    [`q=${'x'.repeat(101)}`, 'q'],
    ['q=a&q=b', 'q'],
    ['q=%00', 'q'],
    ['created_after=yesterday', 'created_after'],
    ['created_after=2026-02-30', 'created_after'],
    ['created_before=2026-11-21T12:00:00', 'created_before'],
    ['updated_after=2026-W47', 'updated_after'],
    ['created_after=2026-11-21T12:00:00+01:00', 'created_after'],
    ['sort=title', 'sort'],
    ['channel=nowhere', 'channel'],
    ['channel_id=tide', 'channel_id'],
    ['limit=1.5', 'limit'],
    ['offset=1e99', 'offset'],
    ['colour=red', 'colour'],
  ])('names what is wrong with "%s"', async (query, field) => {
    const { status, body } = await get(`/tasks?${query}`);
    expect([status, body.error.code, new Set(body.error.details?.map((one) => one.field))]).toEqual([
      422,
      'INVALID_INPUT',
      new Set([field]),
    ]);
  });
});

describe('what was written down', () => {
  beforeAll(async () => {
    const [first, second] = [await gateway.task('Reviewed', 'assets_ready'), await gateway.task('Sent back', 'video_ready', 'reef')];
    await gateway.ask('POST', `/api/v1/tasks/${first.id}/approve`, { body: { reviewer: 'ann', note: 'fine' } });
    await gateway.ask('POST', `/api/v1/tasks/${second.id}/reject`, { body: { reviewer: 'bob' } });
    for (const table of ['reviews', 'audit_logs'])
      // Past the trigger that lets nobody change them.
      await gateway.query(`BEGIN; SET LOCAL session_replication_role = replica;
        UPDATE ${table} SET created_at = '2026-11-21T12:00:00Z' WHERE task_id = '${first.id}'; COMMIT`);
  });

  it.each<[query: string, reviewers: string[]]>([
    ['', ['bob', 'ann']],
    ['gate=video_ready', ['bob']],
    ['decision=approve', ['ann']],
    ['reviewer=ann', ['ann']],
    ['reviewer=an', []],
    ['created_after=2026-11-21T12:00:00Z&created_before=2026-11-21T12:00:01Z', ['ann']],
    ['created_before=2026-11-21T12:00:00Z', []],
  ])('is listed: reviews with "%s"', async (query, reviewers) => {
    const { body } = await get<{ reviewer: string }[]>(`/reviews?${query}`);
    // The clock of this machine may stand before the day that the test has set.
    expect(body.data.map(({ reviewer }) => reviewer).sort()).toEqual([...reviewers].sort());
    expect(body.pagination.total).toBe(reviewers.length);
  });

  it.each<[query: string, actors: string[]]>([
    ['actor=bob', ['bob']],
    ['action=review_approve', ['ann']],
    ['action=review_approve&actor=bob', []],
    ['created_after=2026-11-21T12:00:00Z&created_before=2026-11-21T12:00:01Z', ['ann']],
  ])('is listed: audit logs with "%s"', async (query, actors) => {
    const { body } = await get<{ actor: string }[]>(`/audit-logs?${query}`);
    expect(body.data.map(({ actor }) => actor)).toEqual(actors);
  });

  it('is listed by channel and by video, in pages', async () => {
    const reef = await gateway.database.channels.findByName('reef');
    const ofReef = await get<{ reviewer: string; task_id: string; shown: object[] }[]>(`/reviews?channel_id=${reef?.id ?? ''}`);
    expect(ofReef.body.data).toMatchObject([{ reviewer: 'bob', shown: [] }]);
    const task = ofReef.body.data[0]?.task_id ?? '';
    expect((await get(`/reviews?task_id=${task}`)).body.pagination.total).toBe(1);
    expect((await get(`/audit-logs?task_id=${task}&limit=1`)).body).toMatchObject({
      data: [{ actor: 'bob', action: 'review_reject', details: { gate: 'video_ready' } }],
      pagination: { total: 1, limit: 1, offset: 0, has_more: false },
    });
    expect((await get(`/audit-logs?channel_id=${reef?.id ?? ''}&offset=1`)).body.data).toMatchObject([{ action: 'channel_added' }]);
  });

  it.each<[query: string, field: string]>([
    ['reviews?gate=composites_ready', 'gate'],
    ['reviews?decision=maybe', 'decision'],
    ['reviews?created_after=x', 'created_after'],
    ['audit-logs?task_id=x', 'task_id'],
    ['audit-logs?reviewer=ann', 'reviewer'],
    ['audit-logs?actor=', 'actor'],
  ])('names what is wrong with "%s"', async (query, field) => {
    const { status, body } = await get(`/${query}`);
    expect([status, new Set(body.error.details?.map((one) => one.field))]).toEqual([422, new Set([field])]);
  });
});
