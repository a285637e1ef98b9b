import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { ROLES, type Role } from '#pipeline';
import { eventually } from '#testing';
import { TestGateway, type Request } from './gateway.js';

jest.setTimeout(60_000);

const OWN = 'the token of the settings';
const NOBODY = '5f1f1f1c-0000-4000-8000-000000000000';
const FORM = /^avg_[\w-]{43}$/;

interface Document {
  paths: Record<string, Record<string, { 'x-role'?: Role; description?: string }>>;
}

let gateway: TestGateway;
afterEach(() => gateway.remove());

/** Every route of the OpenAPI document, its path filled in with ids of nothing. */
async function routes(token: string): Promise<{ method: string; path: string; role: Role | undefined; name: string }[]> {
  const document = await gateway.ask('GET', '/docs-json', { token });
  const { paths } = document.body as unknown as Document;
  return Object.entries(paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([verb, operation]) => ({
      method: verb.toUpperCase(),
      path: template.replace(/\{[^}]+\}/g, NOBODY),
      role: operation['x-role'],
      name: `${verb.toUpperCase()} ${template}`,
    })),
  );
}

describe('tokens', () => {
  it('open an installation that has none, and close it with the first', async () => {
    gateway = await TestGateway.start();
    expect((await gateway.ask('GET', '/api/v1/channels')).status).toBe(200);
    const admin = await gateway.token('ann', 'admin');
    expect(admin).toMatch(FORM);
    expect((await gateway.ask('GET', '/api/v1/channels')).body.error.code).toBe('UNAUTHORIZED');
    expect((await gateway.ask('GET', '/api/v1/channels', { token: admin })).status).toBe(200);
    expect((await gateway.ask('GET', '/api/v1/channels', { token: `${admin.slice(0, -1)}!` })).status).toBe(401);
    for (const path of ['/health', '/ready']) expect((await gateway.ask('GET', path)).status).toBe(200);
  });

  it('are shown once, kept as a hash, listed with their use, and written to the audit log', async () => {
    gateway = await TestGateway.start({ API_TOKEN: OWN });
    const made = await gateway.ask<{ id: string; token: string }>('POST', '/api/v1/api-tokens', {
      token: OWN,
      body: { name: 'Bob of the night shift', role: 'reviewer' },
    });
    expect(made).toMatchObject({
      status: 201,
      body: { data: { name: 'Bob of the night shift', role: 'reviewer', created_by: 'installation' } },
    });
    const { id, token } = made.body.data;
    const [stored] = await gateway.query<Record<string, unknown>>('SELECT * FROM api_tokens');
    expect(stored).toMatchObject({ id, token_hash: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown, last_used_at: null });
    expect(JSON.stringify(stored)).not.toContain(token);

    for (let use = 0; use < 3; use++) expect((await gateway.ask('GET', '/api/v1/tasks', { token })).status).toBe(200);
    const used = await eventually(
      async () => (await gateway.query<{ last_used_at: Date | null }>('SELECT last_used_at FROM api_tokens'))[0]?.last_used_at,
      { what: 'the use to be written', timeoutMs: 10_000 },
    );
    await gateway.ask('GET', '/api/v1/tasks', { token });
    const listed = await gateway.ask<Record<string, unknown>[]>('GET', '/api/v1/api-tokens', { token: OWN });
    expect(listed.body).toMatchObject({ data: [{ id, last_used_at: used.toISOString() }], pagination: { total: 1 } });
    expect(listed.body.data[0]).not.toHaveProperty('token');
    expect(JSON.stringify(listed.body)).not.toContain(String(stored?.token_hash));

    expect((await gateway.ask('DELETE', `/api/v1/api-tokens/${id}`, { token: OWN })).status).toBe(204);
    expect((await gateway.ask('DELETE', `/api/v1/api-tokens/${id}`, { token: OWN })).status).toBe(204);
    const log = await gateway.ask<object[]>('GET', '/api/v1/audit-logs', { token: OWN });
    const details = { name: 'Bob of the night shift', role: 'reviewer' };
    expect(log.body.data.slice(0, 2)).toMatchObject([
      { actor: 'installation', action: 'api_token_revoke', details },
      { actor: 'installation', action: 'api_token_create', details },
    ]);
  });

  it('end at once where they are revoked, and within ten seconds at the other gateways', async () => {
    gateway = await TestGateway.start({ API_TOKEN: OWN });
    const other = await gateway.another();
    try {
      expect((await other.ask('GET', '/api/v1/tasks', { token: 'avg_unknown' })).status).toBe(401);
      const token = await gateway.token('ann', 'viewer', OWN);
      await eventually(async () => (await other.ask('GET', '/api/v1/tasks', { token })).status === 200, {
        what: 'a token made at one gateway to be known at the other',
        timeoutMs: 10_000,
      });
      const listed = await gateway.ask<{ id: string }[]>('GET', '/api/v1/api-tokens', { token: OWN });
      await gateway.ask('DELETE', `/api/v1/api-tokens/${listed.body.data[0]?.id ?? ''}`, { token: OWN });
      expect((await gateway.ask('GET', '/api/v1/tasks', { token })).status).toBe(401);
      await eventually(async () => (await other.ask('GET', '/api/v1/tasks', { token })).status === 401, {
        what: 'the other gateway to refuse it',
        timeoutMs: 10_000,
      });
    } finally {
      await other.close();
    }
  });

  it('are named once, after nobody else, and never lock everybody out', async () => {
    gateway = await TestGateway.start();
    const refused = async (body: object, token?: string) => {
      const { status, body: answer } = await gateway.ask('POST', '/api/v1/api-tokens', { body, ...(token && { token }) });
      return [status, answer.error.code, answer.error.details?.[0]?.field];
    };
    expect(await refused({ name: 'v', role: 'viewer' })).toEqual([409, 'ADMIN_NEEDED', undefined]);
    const admin = await gateway.token('ann', 'admin');
    await gateway.token('v', 'viewer', admin);
    expect(await refused({ name: 'v', role: 'viewer' }, admin)).toEqual([409, 'API_TOKEN_NAME_TAKEN', 'name']);
    expect(await refused({ name: 'notion', role: 'viewer' }, admin)).toEqual([422, 'INVALID_INPUT', 'name']);
    expect(await refused({ name: 'a (b)', role: 'viewer' }, admin)).toEqual([422, 'INVALID_INPUT', 'name']);
    expect(await refused({ name: 'w', role: 'owner' }, admin)).toEqual([422, 'INVALID_INPUT', 'role']);
    const listed = await gateway.ask<{ id: string; name: string }[]>('GET', '/api/v1/api-tokens', { token: admin });
    const idOf = (name: string) => listed.body.data.find((one) => one.name === name)?.id ?? '';
    const revoke = (name: string) => gateway.ask('DELETE', `/api/v1/api-tokens/${idOf(name)}`, { token: admin });
    expect(await revoke('ann')).toMatchObject({ status: 409, body: { error: { code: 'ADMIN_NEEDED' } } });
    expect((await gateway.ask('DELETE', `/api/v1/api-tokens/${NOBODY}`, { token: admin })).body.error.code).toBe('API_TOKEN_NOT_FOUND');
    expect((await revoke('v')).status).toBe(204);
    expect((await revoke('ann')).status).toBe(204);
    // With the last token the door is open again, as on the first day.
    expect((await gateway.ask('GET', '/api/v1/channels')).status).toBe(200);
    expect(await refused({ name: 'ann', role: 'admin' })).toEqual([409, 'API_TOKEN_NAME_TAKEN', 'name']);
  });
});

describe('roles', () => {
  it('stand at every route of the API, and each refuses the role below it', async () => {
    gateway = await TestGateway.start({ API_TOKEN: OWN });
    const tokens = Object.fromEntries(await Promise.all(ROLES.map(async (role) => [role, await gateway.token(role, role, OWN)]))) as Record<
      Role,
      string
    >;
    const all = await routes(OWN);
    expect(all.length).toBeGreaterThan(25);
    for (const { method, path, role, name } of all) {
      const ask = (request: Request) => gateway.ask(method, path, method === 'GET' ? request : { body: {}, ...request });
      if (/^(GET \/(health|ready)|POST \/webhook\/.*)$/.test(name)) {
        expect([name, role]).toEqual([name, undefined]);
        expect(JSON.stringify((await ask({})).body)).not.toContain('UNAUTHORIZED');
        continue;
      }
      expect([name, (await ask({})).body.error.code]).toEqual([name, 'UNAUTHORIZED']);
      expect([name, role && ROLES.includes(role)]).toEqual([name, true]);
      if (!role) continue;
      const below = ROLES[ROLES.indexOf(role) - 1];
      if (below) {
        const { status, body } = await ask({ token: tokens[below] });
        expect([name, status, body.error.code]).toEqual([name, 403, 'FORBIDDEN']);
        expect(body.error.message).toContain(role);
      }
      const allowed = await ask({ token: tokens[role] });
      expect([name, [401, 403].includes(allowed.status), allowed.status < 500]).toEqual([name, false, true]);
    }
  });

  it('are those that were meant', async () => {
    gateway = await TestGateway.start({ API_TOKEN: OWN });
    const byRole = Map.groupBy(await routes(OWN), ({ role }) => role);
    const namesOf = (role: Role) => byRole.get(role)?.map(({ name }) => name.replace('/api/v1', ''));
    expect(namesOf('viewer')?.every((name) => name.startsWith('GET '))).toBe(true);
    expect(namesOf('reviewer')?.sort()).toEqual(
      ['approve', 'cancel', 'regenerate', 'reject', 'retry'].map((action) => `POST /tasks/{task_id}/${action}`),
    );
    expect(namesOf('operator')).toEqual(
      expect.arrayContaining([
        'POST /tasks',
        'POST /tasks/bulk',
        'POST /tasks/bulk-create',
        'POST /tasks/{task_id}/queue',
        'PATCH /tasks/{task_id}',
        'POST /dead-letters/{dead_letter_id}/redrive',
      ]),
    );
    expect(namesOf('admin')).toEqual(
      expect.arrayContaining([
        'GET /api-tokens',
        'POST /api-tokens',
        'DELETE /api-tokens/{api_token_id}',
        'PUT /channels/{channel_id}/oauth-token',
      ]),
    );
  });

  it('hold for the pages, too, which a browser opens with the token as its password', async () => {
    gateway = await TestGateway.start({ API_TOKEN: OWN });
    const viewer = await gateway.token('v', 'viewer', OWN);
    const operator = await gateway.token('o', 'operator', OWN);
    const open = async (path: string, password: string, method = 'GET') => {
      const authorization = `Basic ${Buffer.from(`anyone:${password}`).toString('base64')}`;
      return (await gateway.ask(method, path, { headers: { authorization } })).status;
    };
    for (const path of ['/docs', '/docs-json', '/docs-yaml', '/docs/swagger-ui.css'])
      expect([path, await open(path, viewer)]).toEqual([path, 200]);
    for (const path of ['/queues', '/QUEUES', '/queues/', '/queues/api/queues']) {
      expect([path, await open(path, viewer), await open(path, operator), await open(path, OWN)]).toEqual([path, 403, 200, 200]);
    }
    expect(await open('/queues/api/queues/asset/empty', viewer, 'PUT')).toBe(403);
    const asked = await gateway.ask('GET', '/queues');
    expect([asked.status, asked.headers.get('www-authenticate')]).toEqual([401, expect.stringContaining('Basic')]);
  });

  it('sign what their bearers decide', async () => {
    gateway = await TestGateway.start({ API_TOKEN: OWN });
    const token = await gateway.token('ann', 'reviewer', OWN);
    const task = await gateway.task('Ebb', 'assets_ready');
    await gateway.ask('POST', `/api/v1/tasks/${task.id}/approve`, { token, body: {} });
    const second = await gateway.task('Flood', 'assets_ready');
    await gateway.ask('POST', `/api/v1/tasks/${second.id}/approve`, { token, body: { reviewer: 'Bea' } });
    await gateway.ask('POST', `/api/v1/tasks/${second.id}/cancel`, { token: OWN, body: { actor: 'Cy' } });
    const by = async (path: string, key: string) =>
      (await gateway.ask<Record<string, unknown>[]>('GET', path, { token })).body.data.map((one) => one[key]);
    expect(await by('/api/v1/reviews', 'reviewer')).toEqual(['Bea (ann)', 'ann']);
    expect(await by('/api/v1/audit-logs?action=task_cancel', 'actor')).toEqual(['Cy (installation)']);
    expect(await by('/api/v1/audit-logs?actor=ann', 'action')).toEqual(['review_approve']);
  });
});
