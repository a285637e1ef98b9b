import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { APIResponseError, isFullPage } from '@notionhq/client';
import { startNotion, type ShownRow, type SimulatedNotion } from '../../../../test/notion/simulated-notion.js';
import { BOT_ID, DATABASE_ID, DATA_SOURCE_ID, PERSON_ID } from './content/ids.js';

let workspace: SimulatedNotion;
beforeAll(async () => (workspace = await startNotion()));
afterAll(() => workspace.close());
afterEach(() => workspace.person('PUT', '', {}));

const addRow = (title: string) => workspace.person<ShownRow>('POST', 'rows', { title });
const NOWHERE = '5f1f1f1c-0000-4000-8000-000000000000';

describe('who asks', () => {
  it('must have a token, and say a version that there is', async () => {
    await expect(workspace.connect({ auth: 'wrong' }).users.me({})).rejects.toMatchObject({ status: 401, code: 'unauthorized' });
    const without = await workspace.raw('GET', 'users/me', { headers: { 'notion-version': '' } });
    expect([without.status, await without.json()]).toEqual([400, expect.objectContaining({ code: 'missing_version', object: 'error' })]);
    expect((await workspace.raw('GET', 'users/me', { headers: { 'notion-version': '2022-06-28' } })).status).toBe(400);
    for (const notionVersion of ['2025-09-03', '2026-03-11'])
      expect(await workspace.connect({ notionVersion }).users.me({})).toMatchObject({ id: BOT_ID, type: 'bot' });
    expect(await workspace.notion.users.retrieve({ user_id: PERSON_ID })).toMatchObject({ type: 'person', name: 'Creator' });
  });

  it('may do what the connection is allowed to do', async () => {
    const { id } = await addRow('Locked away');
    await workspace.person('PUT', '', { capabilities: ['read'] });
    const restricted = { status: 403, code: 'restricted_resource' };
    await workspace.notion.pages.retrieve({ page_id: id });
    await workspace.notion.dataSources.query({ data_source_id: DATA_SOURCE_ID });
    await expect(workspace.notion.pages.update({ page_id: id, in_trash: true })).rejects.toMatchObject(restricted);
    const parent = { data_source_id: DATA_SOURCE_ID };
    await expect(workspace.notion.pages.create({ parent, properties: {} })).rejects.toMatchObject(restricted);
    await workspace.person('PUT', '', { capabilities: ['update', 'insert'] });
    await expect(workspace.notion.pages.retrieve({ page_id: id })).rejects.toMatchObject(restricted);
  });
});

describe('an answer', () => {
  it('says how Notion calls the request, also when it is an error', async () => {
    const right = await workspace.raw('GET', 'users/me');
    expect(right.headers.get('x-notion-request-id')).toBe(((await right.json()) as { request_id: string }).request_id);
    const wrong = await workspace.raw('GET', `pages/${NOWHERE}`);
    expect(await wrong.json()).toMatchObject({ code: 'object_not_found', request_id: wrong.headers.get('x-notion-request-id') });
    const error: unknown = await workspace.notion.pages.retrieve({ page_id: NOWHERE }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(APIResponseError);
    expect((error as APIResponseError).request_id).toMatch(/^[\da-f-]{36}$/);
  });

  it('to what cannot be read, or leads nowhere, is in words of Notion', async () => {
    const broken = await workspace.raw('POST', 'pages', { body: '{"parent":' });
    expect([broken.status, await broken.json()]).toEqual([400, expect.objectContaining({ code: 'invalid_json' })]);
    const astray = await workspace.raw('GET', 'nothing/here');
    expect([astray.status, await astray.json()]).toEqual([400, expect.objectContaining({ code: 'invalid_request_url' })]);
    const odd = await workspace.raw('GET', 'pages/no-id');
    expect(await odd.json()).toMatchObject({
      code: 'validation_error',
      message: 'path failed validation: path.page_id should be a valid uuid, instead was `"no-id"`.',
    });
  });

  it('says "archived" to those who ask in an old version only', async () => {
    const { id } = await addRow('Old and new');
    const archive = async (body: object, version: string) => {
      const response = await workspace.raw('PATCH', `pages/${id}`, { body, headers: { 'notion-version': version } });
      return (await response.json()) as object;
    };
    expect(await archive({ archived: true }, '2025-09-03')).toMatchObject({ archived: true, in_trash: true });
    const page = await workspace.notion.pages.retrieve({ page_id: id });
    expect([isFullPage(page) && page.in_trash, 'archived' in page]).toEqual([true, false]);
    expect(await archive({ archived: false }, '2026-03-11')).toMatchObject({
      code: 'validation_error',
      message: 'body failed validation: body.archived should be not present, instead was `false`.',
    });
    expect(await workspace.notion.pages.update({ page_id: id, in_trash: false })).toMatchObject({ in_trash: false });
  });

  it('may hold only half of a page', async () => {
    const { id } = await addRow('Half');
    await workspace.person('PUT', '', { next: [{ answer: 'partial', times: 2 }] });
    const page = await workspace.notion.pages.retrieve({ page_id: id });
    expect([isFullPage(page), page.id]).toEqual([false, id]);
    const { results } = await workspace.notion.dataSources.query({ data_source_id: DATA_SOURCE_ID });
    expect(results.some((result) => 'properties' in result)).toBe(false);
    expect(isFullPage(await workspace.notion.pages.retrieve({ page_id: id }))).toBe(true);
  });
});

describe('what is not shared', () => {
  it('is not there, a page like a database with all that it holds', async () => {
    const { id } = await addRow('Private');
    const notFound = { status: 404, code: 'object_not_found', message: expect.stringContaining('shared with your integration') as unknown };
    await workspace.person('PATCH', `rows/${id}`, { shared: false });
    await expect(workspace.notion.pages.retrieve({ page_id: id })).rejects.toMatchObject(notFound);
    await expect(workspace.notion.blocks.children.list({ block_id: id })).rejects.toMatchObject(notFound);
    const { results } = await workspace.notion.dataSources.query({ data_source_id: DATA_SOURCE_ID });
    expect(results.map((result) => result.id)).not.toContain(id);
    await workspace.person('PATCH', `rows/${id}`, { shared: true });
    await workspace.person('PATCH', `databases/${DATABASE_ID}`, { shared: false });
    await expect(workspace.notion.pages.retrieve({ page_id: id })).rejects.toMatchObject(notFound);
    await expect(workspace.notion.databases.retrieve({ database_id: DATABASE_ID })).rejects.toMatchObject(notFound);
    await expect(workspace.notion.dataSources.query({ data_source_id: DATA_SOURCE_ID })).rejects.toMatchObject(notFound);
    await workspace.person('PATCH', `databases/${DATABASE_ID}`, { shared: true });
    expect(await workspace.notion.pages.retrieve({ page_id: id.replaceAll('-', '') })).toMatchObject({ id });
  });
});

it('settings that make no sense are refused by name', async () => {
  for (const [settings, named] of [
    [{ drop: 2 }, 'drop'],
    [{ answers: { earthquake: 0.1 } }, 'answers'],
    [{ answers: { bad_gateway: 0.6, slow: 0.6 } }, 'answers'],
    [{ rate: { requests: 0 } }, 'rate.requests'],
    [{ next: [{ answer: 'fine' }] }, 'next.0.answer'],
    [{ qurey_limit: 5 }, 'qurey_limit'],
  ] as const)
    await expect(workspace.person('PUT', '', settings)).rejects.toThrow(named);
  await expect(workspace.person('POST', 'rows', { titel: 'x' })).rejects.toThrow('titel');
});
