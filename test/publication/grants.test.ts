import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { readSettings } from '#config';
import { TokenCipher, rotateSecrets } from '#database';
import { Failure } from '#pipeline';
import { reconnect } from '#stage';
import { ChannelGrants } from '#youtube';
import type { Publisher } from './publisher.js';
import { Studio, youtubeChannel } from './studio.js';

jest.setTimeout(60_000);

let studio: Studio;
let publisher: Publisher;
let channelId: string;
const opened: Publisher[] = [];
beforeEach(async () => {
  studio = await Studio.open();
  publisher = await open();
  channelId = await studio.addChannel(1);
});
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
  await studio.close();
});

async function open(settings: Readonly<Record<string, string>> = {}): Promise<Publisher> {
  const one = await studio.publisher(undefined, settings);
  opened.push(one);
  return one;
}
const refreshes = async () => (await studio.youtube<{ token_refreshes: number }>('GET', 'traffic')).token_refreshes;
const expire = () => studio.query(`UPDATE oauth_tokens SET expires_at = now() - interval '1 minute'`);
const openAlerts = async (kind: string) =>
  (await studio.database.alerts.list({ state: 'open', limit: 100, offset: 0 })).alerts.filter((alert) => alert.kind === kind);
const failureOf = async (promise: Promise<unknown>) =>
  promise.then(
    () => null,
    (error: unknown) => Failure.from(error),
  );

describe('an access token', () => {
  /** As if it had ended: what is stored says so, and Google knows it no longer. */
  async function endToken(): Promise<void> {
    const grants = new ChannelGrants(studio.database, readSettings(studio.environment));
    await grants.save(studio.database, channelId, { ...(await studio.consent(youtubeChannel(1))), expiresAt: new Date(0) });
    await studio.set({});
  }

  it('is renewed by one of two processes that need it at the same moment, with one request', async () => {
    const other = await open();
    for (let round = 0; round < 10; round += 1) {
      await endToken();
      const tokens = await Promise.all([publisher, other, publisher, other].map(({ grants }) => grants.of(channelId).current()));
      expect(new Set(tokens).size).toBe(1);
      expect(await refreshes()).toBe(1);
    }
  });

  it('is renewed once, too, by processes of their own', async () => {
    await endToken();
    const at = String(Date.now() + 2_500);
    const renew = async () => {
      const { PATH, NODE_OPTIONS } = process.env;
      const env = { PATH, NODE_OPTIONS, ...studio.environment, CHANNEL_ID: channelId, AT: at };
      return (await promisify(execFile)(process.execPath, ['dist/test/publication/renew-once.js'], { env })).stdout;
    };
    const tokens = await Promise.all([renew(), renew(), renew()]);
    expect(new Set(tokens).size).toBe(1);
    expect(tokens[0]).toMatch(/^ya29/);
    expect(await refreshes()).toBe(1);
  });

  it('that Google refuses before its time is renewed once, whoever notices', async () => {
    const other = await open();
    const token = await publisher.grants.of(channelId).current();
    await studio.set({});
    const renewed = await Promise.all([publisher, other, publisher].map(({ grants }) => grants.of(channelId).renewed(token)));
    expect(new Set(renewed).size).toBe(1);
    expect(renewed[0]).not.toBe(token);
    expect(await refreshes()).toBe(1);
  });

  it('is renewed by another when the one who was at it has died', async () => {
    await endToken();
    expect(await studio.database.oauthTokens.claim(channelId, '00000000-0000-4000-8000-000000000000', 1_000)).toBe(true);
    await expect(publisher.grants.of(channelId).current()).resolves.toMatch(/^ya29/);
    expect(await refreshes()).toBe(1);
  });

  it('keeps its refresh token, and what an operator brings meanwhile counts', async () => {
    await endToken();
    await studio.set({ answers: {}, next: [{ on: 'token', answer: 'unavailable', times: 1 }] });
    await publisher.grants.of(channelId).current();
    await studio.connect(channelId, youtubeChannel(1));
    const { grantEncrypted } = (await studio.database.oauthTokens.find(channelId)) ?? { grantEncrypted: '' };
    const cipher = TokenCipher.of(readSettings(studio.environment));
    expect(JSON.parse(cipher.decrypt(grantEncrypted, channelId))).toMatchObject({ refresh_token: expect.stringMatching(/^1\/\//) });
  });

  it('whose end Google has foretold says when: an app in "Testing"', async () => {
    await studio.set({ testing: true });
    await studio.connect(channelId, youtubeChannel(1));
    const row = await studio.database.oauthTokens.find(channelId);
    const days = ((row?.grantExpiresAt?.getTime() ?? 0) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(6.9);
    expect(days).toBeLessThanOrEqual(7);
  });
});

describe('a grant that is revoked in the middle of an upload', () => {
  it('parks its channel alone, and the upload is finished where it was once the channel is connected again', async () => {
    const other = await studio.addChannel(2);
    const video = await studio.addVideo(channelId, { bytes: 2_000_000 });
    const next = await studio.addVideo(channelId);
    const elsewhere = await studio.addVideo(other);
    // Three pieces go up, then the owner takes the grant back.
    await studio.set({
      next: [
        { on: 'chunk', answer: 'cut_before', at_byte: 900_000 },
        { on: 'ask', answer: 'unavailable', times: 4 },
      ],
    });
    await publisher.publish(video.taskId);
    await studio.youtube('POST', 'revoke', { channel_id: youtubeChannel(1) });
    await studio.set({});
    await studio.makeDue(video.taskId);
    await publisher.publish(video.taskId);
    await publisher.publish(next.taskId);
    await publisher.publish(elsewhere.taskId);

    for (const { taskId } of [video, next]) {
      expect(await studio.artifact(taskId)).toMatchObject({ state: 'due', errorCode: 'OAUTH_INVALID_GRANT' });
      expect(await studio.database.tasks.get(taskId)).toMatchObject({ status: 'uploading', errorCode: null });
    }
    expect((await studio.artifact(elsewhere.taskId)).state).toBe('ready');
    expect(await openAlerts('channel_disconnected')).toMatchObject([{ channelId }]);
    // The second did not ask Google again what was known.
    expect(await refreshes()).toBe(1);

    await studio.connect(channelId, youtubeChannel(1));
    await studio.database.transaction((tx) => reconnect(tx, channelId));
    expect(await openAlerts('channel_disconnected')).toEqual([]);
    const due = await studio.query<{ task_id: string }>(
      `SELECT task_id FROM artifacts WHERE kind = 'publication' AND state = 'due' AND next_at <= now()`,
    );
    expect(due.map(({ task_id }) => task_id)).toEqual(expect.arrayContaining([video.taskId, next.taskId]));
    for (const { taskId, title, sha256 } of [video, next]) {
      await publisher.publish(taskId);
      expect((await studio.artifact(taskId)).state).toBe('ready');
      expect(await studio.videos(title)).toMatchObject([{ sha256 }]);
    }
    const sessions = await studio.youtube<{ title: string }[]>('GET', 'sessions');
    expect(sessions.filter(({ title }) => title === video.title)).toHaveLength(1);
  });
});

describe('a grant that is revoked after the publication', () => {
  it('is told of, and what was still to be done is done once the channel is connected again', async () => {
    const { taskId, title } = await studio.addVideo(channelId);
    await studio.set({ next: [{ on: 'caption', answer: 'unavailable', times: 4 }] });
    await publisher.publish(taskId);
    expect(await studio.videos(title)).toMatchObject([{ privacy: 'unlisted', captions: [] }]);
    await studio.youtube('POST', 'revoke', { channel_id: youtubeChannel(1) });
    await studio.makeStepsDue();
    await publisher.followUps.run();
    expect(await openAlerts('channel_disconnected')).toMatchObject([{ channelId }]);
    const dueAt = async () =>
      (await studio.query<{ next_at: Date }>(`SELECT next_at FROM publication_steps WHERE name = 'captions'`))[0]?.next_at;
    expect((await dueAt())?.getTime()).toBeGreaterThan(Date.now() + 50 * 60_000);

    await studio.connect(channelId, youtubeChannel(1));
    await studio.database.transaction((tx) => reconnect(tx, channelId));
    expect((await dueAt())?.getTime()).toBeLessThanOrEqual(Date.now());
    await publisher.followUps.run();
    expect(await studio.videos(title)).toMatchObject([{ captions: [{ language: 'en' }] }]);
    expect(await openAlerts('channel_disconnected')).toEqual([]);
  });
});

describe('the key that secrets are encrypted with', () => {
  it('is replaced while uploads run: nothing is lost, and the old one is not needed any more', async () => {
    const oldKey = studio.environment.TOKEN_ENCRYPTION_KEY ?? '';
    const newKey = randomBytes(32).toString('base64');
    const videos = await Promise.all(Array.from({ length: 4 }, () => studio.addVideo(channelId, { bytes: 3_000_000 })));
    // Two are in the middle when the new key comes.
    await studio.set({ next: [{ on: 'chunk', answer: 'unavailable', times: 40 }] });
    for (const { taskId } of videos.slice(0, 2)) await publisher.publish(taskId);
    await studio.set({});
    for (const { taskId } of videos.slice(0, 2)) await studio.makeDue(taskId);

    const ready = await open({ TOKEN_ENCRYPTION_FURTHER_KEYS: newKey });
    const changing = await open({ TOKEN_ENCRYPTION_KEY: newKey, TOKEN_ENCRYPTION_FURTHER_KEYS: oldKey });
    const cipher = new TokenCipher(Buffer.from(newKey, 'base64'), Buffer.from(oldKey, 'base64'));
    await expire();
    const uploads = videos.map(({ taskId }, index) => (index % 2 === 0 ? ready : changing).publish(taskId));
    const rotations = [];
    for (let round = 0; round < 5; round += 1) rotations.push(await rotateSecrets(studio.environment.DATABASE_URL ?? '', cipher));
    await Promise.all(uploads);
    rotations.push(await rotateSecrets(studio.environment.DATABASE_URL ?? '', cipher));
    expect(rotations.flatMap(({ unreadable }) => unreadable)).toEqual([]);
    expect(rotations.reduce((sum, { rotated }) => sum + rotated, 0)).toBeGreaterThan(0);

    const after = await open({ TOKEN_ENCRYPTION_KEY: newKey });
    await expect(after.grants.of(channelId).current()).resolves.toMatch(/^ya29/);
    for (const { taskId, title, sha256 } of videos) {
      if ((await studio.artifact(taskId)).state !== 'ready') {
        await studio.makeDue(taskId);
        expect(await studio.finish(after, taskId)).toBe('ready');
      }
      expect(await studio.videos(title)).toMatchObject([{ sha256 }]);
    }
    const sealed = await studio.query<{ secret: string }>(
      'SELECT grant_encrypted AS secret FROM oauth_tokens UNION ALL SELECT session_encrypted FROM publications WHERE session_encrypted IS NOT NULL',
    );
    expect(sealed.every(({ secret }) => cipher.isCurrent(secret))).toBe(true);
  });

  it('that opens none of the secrets is told, secret by secret, and changes nothing', async () => {
    const before = await studio.database.oauthTokens.find(channelId);
    const wrong = new TokenCipher(randomBytes(32));
    const { rotated, unreadable } = await rotateSecrets(studio.environment.DATABASE_URL ?? '', wrong);
    expect([rotated, unreadable.map(({ table }) => table)]).toEqual([0, ['oauth_tokens']]);
    expect((await studio.database.oauthTokens.find(channelId))?.grantEncrypted).toBe(before?.grantEncrypted);
    const lost = await open({ TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64') });
    expect((await failureOf(lost.grants.of(channelId).current()))?.code).toBe('GRANT_INVALID');
  });
});

it('what was decided and logged cannot be changed or removed', async () => {
  const { taskId } = await studio.addVideo(channelId);
  await studio.database.auditLogs.add({ channelId, taskId, actor: 'ann', action: 'test', details: {} });
  for (const statement of [
    `UPDATE reviews SET reviewer = 'eve'`,
    'DELETE FROM reviews',
    `UPDATE audit_logs SET actor = 'eve'`,
    'DELETE FROM audit_logs',
    'DELETE FROM tasks',
  ])
    await expect(studio.query(statement)).rejects.toThrow(/only ever added/);
});
