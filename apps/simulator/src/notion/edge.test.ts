import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { APIResponseError, RequestTimeoutError, UnknownHTTPResponseError } from '@notionhq/client';
import { startNotion, words, type ShownRow, type SimulatedNotion } from '../../../../test/notion/simulated-notion.js';
import { DATA_SOURCE_ID } from './content/ids.js';

let workspace: SimulatedNotion;
let page: string;
beforeAll(async () => {
  workspace = await startNotion();
  page = (await workspace.person<ShownRow>('POST', 'rows', { title: 'Row' })).id;
});
afterEach(() => workspace.person('PUT', '', {}));
afterAll(() => workspace.close());

interface Counts {
  requests: number;
  window_ms: number;
  most_in_window: number;
  most_in_a_second: number;
  rate_limited: number;
  kinds: Record<string, number>;
}
const counts = () => workspace.person<Counts>('GET', 'traffic');
const caught = (promise: Promise<unknown>) =>
  promise.then(
    () => null,
    (error: unknown) => error,
  );
const read = () => workspace.notion.pages.retrieve({ page_id: page });
const write = (content: string) =>
  workspace.notion.pages.update({ page_id: page, properties: { Progress: { rich_text: words(content) } } });
const progress = async () => (await workspace.person<ShownRow>('GET', `rows/${page}`)).progress;
const answerNext = (answer: string, more: object = {}) => workspace.person('PUT', '', { slow_ms: 400, next: [{ answer, ...more }] });

describe('the rate limit', () => {
  it('lets so many requests of a connection through in any window, and says how long to wait', async () => {
    await workspace.person('PUT', '', { rate: { requests: 5, window_ms: 1_500 } });
    await read();
    const first = Date.now();
    for (let index = 1; index < 5; index++) await read();
    const error = await caught(read());
    expect(error).toBeInstanceOf(APIResponseError);
    const { status, code, headers, additional_data } = error as APIResponseError;
    const seconds = Number((headers as Headers).get('retry-after'));
    expect([status, code]).toEqual([429, 'rate_limited']);
    expect([Number.isInteger(seconds), seconds >= 1 && seconds <= 2]).toEqual([true, true]);
    expect(additional_data).toEqual({ rate_limit_reason: 'public_api_request_rate_limit', retry_after: seconds });
    // Another connection has a window of its own.
    await workspace.connect({ auth: 'simulated-second' }).users.me({});
    await new Promise((resolve) => setTimeout(resolve, first + 1_500 - Date.now() + 5));
    await read();
    expect(await counts()).toMatchObject({ requests: 8, rate_limited: 1, window_ms: 1_500 });
  });

  it('has a budget for the workspace, too', async () => {
    await workspace.person('PUT', '', { rate: { requests: 3, workspace_requests: 4, window_ms: 60_000 } });
    const second = workspace.connect({ auth: 'simulated-second' });
    for (let index = 0; index < 3; index++) await read();
    await second.users.me({});
    await expect(second.users.me({})).rejects.toMatchObject({
      status: 429,
      additional_data: { rate_limit_reason: 'public_api_space_request_rate_limit', retry_after: 60 },
    });
  });

  it('is what the SDK waits for by itself when it may', async () => {
    await workspace.person('PUT', '', { rate: { requests: 2, window_ms: 900 } });
    const patient = workspace.connect({ retry: {} });
    for (let index = 0; index < 3; index++) await patient.pages.retrieve({ page_id: page });
    expect(await counts()).toMatchObject({ requests: 4, rate_limited: 1 });
  });
});

describe('what reaches the API', () => {
  it('is counted by kind, and by the most in a window; setting anything begins anew', async () => {
    await workspace.person('PUT', '', { rate: { requests: 1_000, window_ms: 250 } });
    await Promise.all(Array.from({ length: 7 }, read));
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (const content of ['a', 'b', 'c']) await write(content);
    await workspace.notion.dataSources.query({ data_source_id: DATA_SOURCE_ID });
    await caught(workspace.connect({ auth: 'wrong' }).users.me({}));
    const now = await counts();
    expect(now.kinds).toEqual({ 'GET /pages/{id}': 7, 'GET /users/me': 1, 'PATCH /pages/{id}': 3, 'POST /data_sources/{id}/query': 1 });
    expect([now.requests, now.rate_limited, now.most_in_window]).toEqual([12, 0, 7]);
    expect(now.most_in_a_second).toBeGreaterThanOrEqual(7);
    await workspace.person('PUT', '', {});
    expect(await counts()).toMatchObject({ requests: 0, most_in_window: 0, kinds: {}, window_ms: 60_000 });
  });
});

describe('an answer that was ordered', () => {
  it.each<[string, number, string]>([
    ['rate_limited', 429, 'rate_limited'],
    ['request_blocked', 429, 'rate_limited'],
    ['service_overload', 529, 'service_overload'],
    ['conflict_error', 409, 'conflict_error'],
    ['internal_server_error', 500, 'internal_server_error'],
    ['service_unavailable', 503, 'service_unavailable'],
    ['gateway_timeout', 504, 'gateway_timeout'],
  ])('%s comes once, and nothing was written', async (answer, status, code) => {
    const before = await progress();
    await answerNext(answer);
    await expect(write(`not written: ${answer}`)).rejects.toMatchObject({ status, code });
    expect(await progress()).toBe(before);
    await write(`written: ${answer}`);
    expect(await progress()).toBe(`written: ${answer}`);
  });

  it('bad_gateway, and what turns away before Notion, the SDK does not know', async () => {
    await answerNext('bad_gateway');
    expect(await caught(read())).toMatchObject({ status: 502, code: 'notionhq_client_response_error' });
    await answerNext('blocked_at_the_edge');
    const error = await caught(read());
    expect(error).toBeInstanceOf(UnknownHTTPResponseError);
    const { status, body, request_id, headers } = error as UnknownHTTPResponseError;
    expect([status, request_id, (headers as Headers).get('cf-ray')]).toEqual([403, undefined, expect.stringMatching(/^[\da-f]{16}-/)]);
    expect(body).toMatch(/^<!DOCTYPE html>/);
  });

  it('saved_but_unavailable says what is there after all', async () => {
    await answerNext('saved_but_unavailable', { times: 4 });
    // Nothing is saved by reading.
    await read();
    const updated = await caught(write('saved'));
    expect(updated).toMatchObject({ status: 503, code: 'service_unavailable', additional_data: { retry_guidance: expect.any(String) } });
    expect(updated).not.toHaveProperty('additional_data.committed_resource_id');
    expect(await progress()).toBe('saved');
    const created = await caught(
      workspace.notion.pages.create({ parent: { page_id: page }, properties: { title: { title: words('New') } } }),
    );
    const { additional_data = {} } = created as APIResponseError;
    const id = String((additional_data as { committed_resource_id?: unknown }).committed_resource_id);
    expect(await workspace.person('GET', 'traffic')).toMatchObject({ requests: 3 });
    const appended = await caught(workspace.notion.blocks.children.append({ block_id: id, children: [{ divider: {} }] }));
    const { results } = await workspace.notion.blocks.children.list({ block_id: id });
    expect(appended).toMatchObject({
      additional_data: { committed_resource_id: id, committed_child_ids: results.map((block) => block.id) },
    });
    expect(results).toHaveLength(1);
  });

  it('slow is served at once and answered late', async () => {
    await answerNext('slow');
    const began = performance.now();
    const impatient = workspace.connect({ timeoutMs: 100 });
    const update = impatient.pages.update({ page_id: page, properties: { Progress: { rich_text: words('late') } } });
    expect(await caught(update)).toBeInstanceOf(RequestTimeoutError);
    expect(await progress()).toBe('late');
    await answerNext('slow');
    await read();
    expect(performance.now() - began).toBeGreaterThan(400);
  });

  it('is for requests of a method and a path, so many of them', async () => {
    await workspace.person('PUT', '', {
      next: [
        { answer: 'service_overload', method: 'PATCH', path: '/pages', times: 2 },
        { answer: 'internal_server_error', path: '/query' },
      ],
    });
    await read();
    const statuses = async () => ((await caught(write('x'))) as { status?: number } | null)?.status;
    expect([await statuses(), await statuses(), await statuses()]).toEqual([529, 529, undefined]);
    const asked = await caught(workspace.notion.dataSources.query({ data_source_id: DATA_SOURCE_ID }));
    expect(asked).toMatchObject({ status: 500 });
  });
});

describe('shares of answers', () => {
  it('come out the same for a seed, other for another, and about as often as was said', async () => {
    const outcomes = async (seed: number) => {
      await workspace.person('PUT', '', { seed, answers: { service_overload: 0.2, internal_server_error: 0.1 } });
      const statuses = [];
      for (let index = 0; index < 100; index++) statuses.push(((await caught(read())) as { status?: number } | null)?.status ?? 200);
      return statuses;
    };
    const [first, again, other] = [await outcomes(1), await outcomes(1), await outcomes(2)];
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
    const share = (status: number) => first.filter((one) => one === status).length;
    expect([share(529) >= 10 && share(529) <= 32, share(500) >= 3 && share(500) <= 20]).toEqual([true, true]);
    expect(share(200) + share(529) + share(500)).toBe(100);
  });
});
