import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Watch } from '../incidents/watch.js';
import { TestGateway } from '../../../../test/api/gateway.js';
import { startSimulator } from '../../../simulator/src/main.js';

const OURS = 'UCsimulatedchannel000001';

let simulator: Awaited<ReturnType<typeof startSimulator>>;
let gateway: TestGateway;
let channelId: string;
beforeAll(async () => {
  simulator = await startSimulator({ port: 0 });
  gateway = await TestGateway.start({ SIMULATOR_URL: simulator.url });
  const { body } = await gateway.ask<{ id: string; key: string }[]>('GET', '/api/v1/channels');
  channelId = body.data.find(({ key }) => key === 'tide')?.id ?? '';
});
afterEach(() => youtube({}));
afterAll(async () => {
  await gateway.remove();
  await simulator.app.close();
});

const youtube = (settings: object) =>
  fetch(`${simulator.url}/simulator/youtube`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(settings),
  });

/** What a browser shows at last, and what it was given on the way. */
interface Seen {
  status: number;
  page: string;
  cookie: string;
  callback: string;
}

const askForLink = async () => {
  const { status, body } = await gateway.ask<{ url: string; expires_at: string }>('POST', `/api/v1/channels/${channelId}/connect-youtube`, {
    body: { actor: 'ann' },
  });
  expect(status).toBe(201);
  return body.data.url;
};

/** Opens a link as a browser does, agrees on Google's page (or not), and follows it back. */
async function consent(link: string, answer: string, cookies = true): Promise<Seen> {
  const start = await fetch(link, { redirect: 'manual' });
  if (start.status !== 303) return { status: start.status, page: await start.text(), cookie: '', callback: '' };
  const [cookie = ''] = (start.headers.get('set-cookie') ?? '').split(';');
  const google = await fetch(`${start.headers.get('location') ?? ''}${answer}`, { redirect: 'manual' });
  const callback = google.headers.get('location') ?? '';
  const end = await fetch(callback, { headers: cookies ? { cookie } : {} });
  return { status: end.status, page: await end.text(), cookie, callback };
}

const agree = (channel = OURS) => `&channel_id=${channel}&approve=1`;
const isConnected = async () =>
  (await gateway.ask<{ id: string; youtube_connected: boolean }[]>('GET', '/api/v1/channels')).body.data.find(({ id }) => id === channelId)
    ?.youtube_connected;

describe('connecting a channel in the browser', () => {
  it('takes one link, and no second time the same', async () => {
    const link = await askForLink();
    const start = await fetch(link, { redirect: 'manual' });
    expect(start.headers.get('set-cookie')).toMatch(/HttpOnly/);
    expect(start.headers.get('set-cookie')).toMatch(/SameSite=Lax/i);
    expect(start.headers.get('location')).toMatch(
      /code_challenge=[\w-]{43}.*code_challenge_method=S256|code_challenge_method=S256.*code_challenge=/,
    );
    expect((await consent(link, agree())).status).toBe(410);
    expect(await isConnected()).toBe(false);

    const seen = await consent(await askForLink(), agree());
    expect(seen).toMatchObject({ status: 200, page: expect.stringContaining('Tide is connected') });
    expect(await isConnected()).toBe(true);
    const again = await fetch(seen.callback, { headers: { cookie: seen.cookie } });
    expect(again.status).toBe(410);
    const log = await gateway.ask<{ actor: string; action: string }[]>('GET', '/api/v1/audit-logs?action=channel_connected');
    expect(log.body.data).toMatchObject([{ actor: 'ann' }]);
  });

  it('is refused to another browser than the one that opened the link', async () => {
    const seen = await consent(await askForLink(), agree(), false);
    expect(seen).toMatchObject({ status: 422, page: expect.stringContaining('CONSENT_OTHER_BROWSER') });
    // Neither can the right one finish what somebody else has tried to take.
    expect((await fetch(seen.callback, { headers: { cookie: seen.cookie } })).status).toBe(410);
  });

  it('says what is wrong: another channel, a box unticked, a refusal, an answer that nobody asked for', async () => {
    expect((await consent(await askForLink(), agree('UCsimulatedchannel000009'))).page).toContain('WRONG_YOUTUBE_CHANNEL');
    await youtube({ untick: ['https://www.googleapis.com/auth/youtube.force-ssl'] });
    expect((await consent(await askForLink(), agree())).page).toContain('GRANT_INCOMPLETE');
    await youtube({});
    expect((await consent(await askForLink(), '&deny=1')).page).toContain('CONSENT_REFUSED');
    const stray = await fetch(`${gateway.url}/oauth/youtube/callback?state=guess&code=4/x`);
    expect([stray.status, await stray.text()]).toEqual([410, expect.stringContaining('CONSENT_OVER')]);
    const scripted = await fetch(`${gateway.url}/oauth/youtube/callback?state=a&state=b&error=${encodeURIComponent('<script>')}`);
    expect(await scripted.text()).not.toContain('<script>');
  });

  it('warns of an app in "Testing", on the page and by an alert before the grant ends', async () => {
    await youtube({ testing: true });
    expect((await consent(await askForLink(), agree())).page).toContain('Testing');
    const alerts = async () =>
      (await gateway.ask<{ kind: string; state: string }[]>('GET', '/api/v1/alerts')).body.data.filter(
        ({ kind }) => kind === 'grant_ending',
      );
    await gateway.get(Watch).look();
    expect(await alerts()).toEqual([]);
    const row = await gateway.database.oauthTokens.find(channelId);
    if (!row) throw new Error('The channel is not connected');
    const { grantEncrypted, expiresAt } = row;
    const grantExpiresAt = new Date(Date.now() + 2 * 86_400_000);
    await gateway.database.oauthTokens.save({ channelId, grantEncrypted, expiresAt, grantExpiresAt });
    await gateway.get(Watch).look();
    expect(await alerts()).toMatchObject([{ state: 'open' }]);
    await youtube({});
    await consent(await askForLink(), agree());
    expect(await alerts()).toMatchObject([{ state: 'resolved' }]);
  });
});
