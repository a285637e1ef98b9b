import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { settings, youtubeAccess } from '#config';
import { Database, type AlertRow } from '#database';
import { GoogleOAuth, serializeGrant } from '#providers/youtube';
import { createTestDatabase, eventually, testRedis, type TestDatabase } from '#testing';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DataSource } from 'typeorm';
import { startSimulator } from '../../../simulator/src/main.js';
import { createGateway } from '../main.js';
import type { ChannelView } from './channel.dto.js';
import { ChannelFiles } from './channel-files.js';

jest.setTimeout(60_000);

const YOUTUBE_CHANNEL = 'UCsimulatedchannel000001';
const channelFile = (
  name: string,
  scenes = 3,
) => `name: ${name}\nlanguage: en\nvoice_id: JBFqnCBsd6RMkjVDRZzb\nstyle: blue\natmosphere: calm
scenes: ${scenes}\nyoutube:\n  channel_id: ${YOUTUBE_CHANNEL}\n  privacy: private\n  category_id: '28'\n  made_for_kids: false\n  synthetic_media: true\n`;

let folder: string;
let simulator: Awaited<ReturnType<typeof startSimulator>>;
let testDatabase: TestDatabase;
let app: NestExpressApplication;
let database: Database;
let url: string;

beforeAll(async () => {
  simulator = await startSimulator({ port: 0 });
});
afterAll(() => simulator.app.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'channels-'));
  await mkdir(join(folder, 'channels'));
  for (const name of ['Tide', 'Reef']) await write(`${name.toLowerCase()}.yaml`, channelFile(name));
  testDatabase = await createTestDatabase();
  const redis = testRedis();
  Object.assign(process.env, {
    DATABASE_URL: testDatabase.url,
    REDIS_URL: redis.url,
    QUEUE_PREFIX: redis.prefix,
    CHANNELS_DIR: join(folder, 'channels'),
    WORKSPACE_ROOT: join(folder, 'workspace'),
    SIMULATOR_URL: simulator.url,
    TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    TASKS_IN_WORK: '1',
    LOG_LEVEL: 'silent',
    HOST: '127.0.0.1',
    API_TOKEN: '',
  });
  app = await createGateway();
  await app.listen(0, '127.0.0.1');
  url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  database = new Database(app.get(DataSource).manager);
});
afterEach(async () => {
  await app.close();
  await testDatabase.drop();
  await rm(folder, { recursive: true, force: true });
});

const write = (file: string, text: string) => writeFile(join(folder, 'channels', file), text);
const until = <T>(what: string, look: () => Promise<T>) => eventually(look, { what, timeoutMs: 20_000 });

interface Answer<T> {
  status: number;
  data: T;
  error: { code: string; message: string; details?: { field: string; message: string }[] };
}
async function ask<T>(method: string, path: string, body?: object): Promise<Answer<T>> {
  const response = await fetch(`${url}/api/v1/${path}`, {
    method,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  return { status: response.status, ...(response.status === 204 ? {} : ((await response.json()) as object)) } as Answer<T>;
}
async function channel(key: string): Promise<ChannelView | undefined> {
  return (await ask<ChannelView[]>('GET', 'channels')).data.find((view) => view.key === key);
}
async function idOf(key: string): Promise<string> {
  return (await channel(key))?.id ?? '';
}
const scenesOf = async (key: string) => (await database.channels.findByName(key))?.settings.scenes;
const alerts = async (state: AlertRow['state']) =>
  (await database.alerts.list({ state, limit: 50, offset: 0 })).alerts.filter(({ kind }) => kind === 'channel_file_invalid');
const audit = async (key: string) => {
  const rows = await app
    .get(DataSource)
    .query<{ entry: string }[]>(
      `SELECT audit_logs.actor || ': ' || action AS entry FROM audit_logs JOIN channels ON channels.id = channel_id WHERE key = $1 AND task_id IS NULL ORDER BY audit_logs.created_at`,
      [key],
    );
  return rows.map(({ entry }) => entry);
};

describe('the channel files', () => {
  it('are taken over as they come, change and go, without a restart', async () => {
    await write('kelp.yaml', channelFile('Kelp'));
    await until('the new channel', () => channel('kelp'));
    await write('kelp.yaml', channelFile('Kelp', 7));
    await until('the change', async () => (await scenesOf('kelp')) === 7);
    await rm(join(folder, 'channels/kelp.yaml'));
    await until('it to be gone', async () => (await channel('kelp'))?.removed_at);
    const refused = await ask('POST', 'tasks', { channel: 'kelp', title: 'Nothing' });
    expect(refused.status).toBe(422);
    expect(refused.error.details?.[0]).toEqual({
      field: 'channel',
      message: expect.stringMatching(/file of the channel kelp is gone.*Put the file back.*channel must be one of reef, tide/),
    });
    await write('kelp.yaml', channelFile('Kelp', 7));
    await until('it to be back', async () => (await channel('kelp'))?.removed_at === undefined);
    expect(await audit('kelp')).toEqual([
      'system: channel_added',
      'system: channel_changed',
      'system: channel_removed',
      'system: channel_restored',
    ]);
    expect(await audit('tide')).toEqual(['system: channel_added']);
  });

  it('may be saved by renaming, as many editors do, without being missed for a moment', async () => {
    await write('tide.yaml.new', channelFile('Tide', 8));
    await rename(join(folder, 'channels/tide.yaml'), join(folder, 'channels/tide.yaml~'));
    await rename(join(folder, 'channels/tide.yaml.new'), join(folder, 'channels/tide.yaml'));
    await until('the change', async () => (await scenesOf('tide')) === 8);
    expect(await audit('tide')).toEqual(['system: channel_added', 'system: channel_changed']);
  });

  it('may be a ConfigMap, which Kubernetes changes by one link to another folder', async () => {
    const at = (name: string) => join(folder, 'channels', name);
    const version = async (name: string, files: Record<string, string>) => {
      await mkdir(at(name));
      for (const [file, text] of Object.entries(files)) await writeFile(at(`${name}/${file}`), text);
      await symlink(name, at('..data_tmp'));
      await rename(at('..data_tmp'), at('..data'));
    };
    await version('..2026_11_24', { 'kelp.yaml': channelFile('Kelp'), 'surf.yaml': channelFile('Surf') });
    for (const file of ['kelp.yaml', 'surf.yaml']) await symlink(`..data/${file}`, at(file));
    await until('both channels', async () => (await channel('kelp')) && (await channel('surf')));
    await version('..2026_11_25', { 'kelp.yaml': channelFile('Kelp', 9), 'surf.yaml': channelFile('Surf', 2) });
    await rm(at('..2026_11_24'), { recursive: true });
    await until('both changes', async () => (await scenesOf('kelp')) === 9 && (await scenesOf('surf')) === 2);
    expect(await audit('kelp')).toEqual(['system: channel_added', 'system: channel_changed']);
  });

  it('keep a channel as it was while its file has mistakes; people hear of them, once they are made and once they are mended', async () => {
    await write('tide.yaml', channelFile('Tide', 9).replace('privacy: private', 'privacy: secret'));
    const [alert] = await until('the alert', async () => (await alerts('open')).length === 1 && (await alerts('open')));
    expect(alert).toMatchObject({ key: 'channel_file_invalid:tide.yaml', channelId: await idOf('tide') });
    expect(alert?.text).toMatch(/^tide\.yaml: youtube\.privacy: privacy must be one of .*goes on as it was/);
    expect([await scenesOf('tide'), (await channel('tide'))?.removed_at]).toEqual([3, undefined]);
    // Whoever takes the name of a broken one meanwhile is refused, too.
    await write('other.yaml', channelFile('Tide'));
    await until('the second alert', async () =>
      (await alerts('open')).some(({ text }) => text.startsWith('other.yaml: name: "tide" is what tide.yaml')),
    );
    expect(await channel('other')).toBeUndefined();
    await rm(join(folder, 'channels/other.yaml'));
    await write('tide.yaml', channelFile('Tide', 9));
    await until('everything to be well', async () => (await alerts('open')).length === 0 && (await scenesOf('tide')) === 9);
    expect(await alerts('resolved')).toHaveLength(2);
  });

  it('that are gone with their whole folder change nothing, until there is one again', async () => {
    const files = app.get(ChannelFiles);
    await rename(join(folder, 'channels'), join(folder, 'elsewhere'));
    await files.look();
    expect((await alerts('open'))[0]?.text).toMatch(/CHANNELS_DIR: the folder .* cannot be read\. All channels go on as they are/);
    await mkdir(join(folder, 'channels'));
    await write('tide.yaml', channelFile('Tide', 5));
    await files.look();
    expect(await alerts('open')).toEqual([]);
    expect([await scenesOf('tide'), (await channel('tide'))?.removed_at]).toEqual([5, undefined]);
    expect((await channel('reef'))?.removed_at).toBeDefined();
  });

  it('of another gateway are not missed: what has never been in a folder is not gone from it', async () => {
    const [known] = await database.channels.list();
    if (known) await database.channels.save([{ key: 'elsewhere', settings: known.settings }]);
    await app.get(ChannelFiles).look();
    expect((await channel('elsewhere'))?.removed_at).toBeUndefined();
    expect(await channel('elsewhere')).toBeDefined();
  });

  it('with mistakes stop a start, which names all of them; what is gone by then is marked', async () => {
    await write('tide.yaml', channelFile('Tide').replace('scenes: 3', 'scenes: many'));
    await write('reef.yaml', 'name: [unclosed');
    const first = await createGateway();
    await expect(first.init()).rejects.toThrow(/reef\.yaml: is not valid YAML[^]*tide\.yaml: .*scenes/);
    await first.close();
    await write('tide.yaml', channelFile('Tide'));
    await rm(join(folder, 'channels/reef.yaml'));
    const second = await createGateway();
    await second.init();
    expect((await channel('reef'))?.removed_at).toBeDefined();
    await second.close();
  });
});

describe('a channel', () => {
  it('is paused and resumed by a request, and shows how many of its videos are where', async () => {
    const id = await idOf('tide');
    const paused = await ask<ChannelView>('POST', `channels/${id}/pause`, { actor: 'ann', note: 'on holiday' });
    expect(paused.data).toMatchObject({ key: 'tide', paused_by: 'ann', paused_at: expect.stringMatching(/^\d{4}-.*Z$/) });
    for (const title of ['One', 'Two']) expect((await ask('POST', 'tasks', { channel: 'tide', title })).status).toBe(201);
    expect((await channel('tide'))?.tasks).toEqual({ queued: 2, in_work: 0, waiting_for_review: 0, in_error: 0, published_today: 0 });
    const resumed = await ask<ChannelView>('POST', `channels/${id}/resume`);
    expect(resumed.data).not.toHaveProperty('paused_at');
    // By this request, or by a sweep that was at it just then.
    const admitted = await until('the first video to be admitted', async () => {
      const counts = (await channel('tide'))?.tasks;
      return counts?.in_work === 1 && counts;
    });
    expect(admitted).toMatchObject({ queued: 1, in_work: 1 });
    expect(await audit('tide')).toEqual(['system: channel_added', 'ann: channel_paused', 'api: channel_resumed']);
    const nobody = '00000000-0000-4000-8000-000000000000';
    for (const act of ['pause', 'resume', 'refresh-oauth'])
      expect(await ask('POST', `channels/${nobody}/${act}`)).toMatchObject({ status: 404, error: { code: 'CHANNEL_NOT_FOUND' } });
    const refused = await ask('POST', `channels/${id}/pause`, { actor: 7 });
    expect([refused.status, refused.error.details?.[0]?.field]).toEqual([422, 'actor']);
  });

  describe('connected to YouTube', () => {
    /** What an operator does: agrees on Google's page, and stores what the script then wrote. */
    async function grant() {
      const oauth = new GoogleOAuth(youtubeAccess(settings()));
      const redirectUri = 'http://127.0.0.1:1/callback';
      const { url: consent, codeVerifier } = await oauth.consent(redirectUri, 'state');
      const answer = await fetch(`${consent}&channel_id=${YOUTUBE_CHANNEL}&approve=1`, { redirect: 'manual' });
      const code = new URL(answer.headers.get('location') ?? '').searchParams.get('code') ?? '';
      return { ...(await oauth.exchange(redirectUri, code, codeVerifier)), channelId: YOUTUBE_CHANNEL };
    }
    const store = async (id: string, change: { refreshToken?: string } = {}) =>
      ask(
        'PUT',
        `channels/${id}/oauth-token`,
        JSON.parse(serializeGrant({ ...(await grant()), expiresAt: new Date(0), ...change })) as object,
      );
    const disconnected = async (state: AlertRow['state']) =>
      (await database.alerts.list({ state, limit: 9, offset: 0 })).alerts.filter(({ kind }) => kind === 'channel_disconnected');

    it('has its access renewed on request, and stored so that nobody can read it', async () => {
      const id = await idOf('tide');
      expect(await store(id)).toMatchObject({ status: 204 });
      const before = await database.oauthTokens.find(id);
      const renewed = await ask<{ expires_at: string }>('POST', `channels/${id}/refresh-oauth`, { actor: 'ann' });
      expect(renewed.status).toBe(200);
      expect(Date.parse(renewed.data.expires_at)).toBeGreaterThan(Date.now());
      const after = await database.oauthTokens.find(id);
      expect(after?.expiresAt.toISOString()).toBe(renewed.data.expires_at);
      expect(after?.grantEncrypted).not.toBe(before?.grantEncrypted);
      expect(after?.grantEncrypted).not.toMatch(/ya29|1\/\//);
      expect((await channel('tide'))?.youtube_connected).toBe(true);
      expect(await audit('tide')).toEqual(['system: channel_added', 'api: channel_connected', 'ann: channel_grant_refreshed']);
    });

    it('says how to connect it again when Google no longer honours its grant, and tells people until that is done', async () => {
      const id = await idOf('tide');
      expect(await ask('POST', `channels/${id}/refresh-oauth`)).toMatchObject({ status: 409, error: { code: 'CHANNEL_NOT_CONNECTED' } });
      expect(await disconnected('open')).toEqual([]);
      await store(id, { refreshToken: '1//revoked' });
      const dead = await ask('POST', `channels/${id}/refresh-oauth`);
      expect(dead).toMatchObject({ status: 409, error: { code: 'OAUTH_INVALID_GRANT' } });
      expect(dead.error.message).toMatch(`/api/v1/channels/${id}/connect-youtube`);
      expect(await disconnected('open')).toMatchObject([{ channelId: id }]);
      await store(id);
      expect(await disconnected('open')).toEqual([]);
      expect(await disconnected('resolved')).toHaveLength(1);
    });

    it('is not taken for disconnected because Google does not answer', async () => {
      const id = await idOf('tide');
      await store(id);
      const faults = (method: string, body?: object) =>
        fetch(`${simulator.url}/simulator/faults`, {
          method,
          ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
        });
      await faults('PUT', { rate: 1, kinds: ['server_error'], operations: ['token'] });
      expect((await ask('POST', `channels/${id}/refresh-oauth`)).status).toBe(503);
      await faults('DELETE');
      expect(await disconnected('open')).toEqual([]);
      expect((await ask('POST', `channels/${id}/refresh-oauth`)).status).toBe(200);
    });

    it('asks for the right key when its grant was stored with another', async () => {
      const id = await idOf('tide');
      await store(id);
      const row = await database.oauthTokens.find(await idOf('tide'));
      const reef = await idOf('reef');
      await database.oauthTokens.save({
        channelId: reef,
        grantEncrypted: row?.grantEncrypted ?? '',
        expiresAt: new Date(),
        grantExpiresAt: null,
      });
      const refused = await ask('POST', `channels/${reef}/refresh-oauth`);
      expect(refused).toMatchObject({
        status: 409,
        error: { code: 'GRANT_INVALID', message: expect.stringContaining('TOKEN_ENCRYPTION_KEY') },
      });
    });
  });
});
