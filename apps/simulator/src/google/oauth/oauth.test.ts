import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { SIMULATED_KEY } from '#providers/registry';
import {
  CHANNEL,
  OTHER_CHANNEL,
  REDIRECT,
  answerOf,
  ask,
  put,
  refusal,
  scope,
  startYouTube,
  titled,
  type Access,
  type SimulatedYouTube,
} from '../../../../../test/youtube/simulated-youtube.js';

const START = '2026-11-20T12:00:00Z';
let google: SimulatedYouTube;
beforeAll(async () => {
  google = await startYouTube();
});
afterEach(() => google.control('PUT', '', {}));
afterAll(() => google.close());

const set = (settings: object) => google.control('PUT', '', settings);
/** Stops the time so many seconds after the start. */
const stopAt = (seconds: number, settings: object = {}) =>
  set({ ...settings, clock: { now: new Date(Date.parse(START) + seconds * 1_000).toISOString(), speed: 0 } });
const visit = (page: string, choice: string) => fetch(`${page}&${choice}`, { redirect: 'manual' });
const codeFor = async (page: string, channel = CHANNEL) => answerOf(await visit(page, `channel_id=${channel}&approve=1`)).get('code') ?? '';
const token = (form: Record<string, string>) =>
  fetch(`${google.url}/google/token`, {
    method: 'POST',
    body: new URLSearchParams({ client_id: SIMULATED_KEY, client_secret: SIMULATED_KEY, ...form }),
  });
const exchange = (code: string, codeVerifier: string, redirect = REDIRECT) =>
  token({ grant_type: 'authorization_code', code, code_verifier: codeVerifier, redirect_uri: redirect });
const refresh = (refreshToken: string | null) => token({ grant_type: 'refresh_token', refresh_token: refreshToken ?? '' });
/** An answer of the token endpoint in one line: its status, and why it refuses. */
const outcome = async (answer: Promise<Response>) => {
  const response = await answer;
  const { error, error_description: description } = (await response.json()) as { error?: string; error_description?: string };
  return `${response.status} ${error ?? ''}: ${description ?? ''}`;
};
const ownChannel = async ({ api, options }: Access) => (await api.channels.list({ part: ['id'], mine: true }, options)).data.items?.[0]?.id;

describe('the consent page', () => {
  it('offers channels, and sends people back with a code for the one they choose', async () => {
    const { page, codeVerifier } = await google.consent();
    const html = await (await fetch(page)).text();
    const links = [...html.matchAll(/href="([^"]+)"/g)].map(([, href = '']) => href.replaceAll('&amp;', '&'));
    expect(links).toHaveLength(13);
    expect(html).toContain(CHANNEL);
    const answer = answerOf(await fetch(new URL(links[1] ?? '', page), { redirect: 'manual' }));
    expect(answer.get('state')).toBe('the state');
    const { tokens } = await google.oauth().getToken({ code: answer.get('code') ?? '', codeVerifier });
    expect(tokens).toMatchObject({ token_type: 'Bearer', scope: scope('youtube.upload', 'youtube.force-ssl').join(' ') });
    expect(Math.round(((tokens.expiry_date ?? 0) - Date.now()) / 1_000)).toBeGreaterThan(3_590);
    expect(await ownChannel(await google.connect(OTHER_CHANNEL))).toBe(OTHER_CHANNEL);
    const denied = answerOf(await fetch(new URL(links[12] ?? '', page), { redirect: 'manual' }));
    expect([...denied]).toEqual([
      ['state', 'the state'],
      ['error', 'access_denied'],
    ]);
  });

  it.each([
    [{ client_id: 'another' }, 401, 'invalid_client'],
    [{ redirect_uri: 'http://example.com/callback' }, 400, 'redirect_uri_mismatch'],
    [{ response_type: 'token' }, 400, 'invalid_request'],
    [{ scope: '' }, 400, 'invalid_request'],
    [{ scope: scope('drive').join() }, 400, 'invalid_scope'],
    [{ code_challenge_method: 'S512' }, 400, 'invalid_request'],
  ])('is an error page for %j', async (change, status, words) => {
    const url = new URL((await google.consent()).page);
    for (const [name, value] of Object.entries(change)) url.searchParams.set(name, value);
    const response = await visit(url.toString(), `channel_id=${CHANNEL}&approve=1`);
    expect([response.status, response.headers.get('location')]).toEqual([status, null]);
    expect(await response.text()).toContain(words);
  });

  it('lets people untick what they do not want to grant', async () => {
    await set({ untick: scope('youtube.force-ssl') });
    const access = await google.connect();
    expect((await refresh(access.refreshToken)).status).toBe(200);
    expect(await (await refresh(access.refreshToken)).json()).toMatchObject({ scope: scope('youtube.upload')[0] });
    expect(await refusal(ownChannel(access))).toMatchObject({ status: 403, reason: 'insufficientPermissions' });
    await set({ untick: scope('youtube.force-ssl', 'youtube.upload') });
    expect(answerOf(await visit((await google.consent()).page, `channel_id=${CHANNEL}&approve=1`)).get('error')).toBe('access_denied');
  });
});

describe('a code', () => {
  it('needs the verifier that its challenge was made of, and is used up by any try', async () => {
    const { page, codeVerifier } = await google.consent();
    const code = await codeFor(page);
    expect(await outcome(exchange(code, 'x'.repeat(43)))).toBe('400 invalid_grant: Invalid code verifier.');
    expect(await outcome(exchange(code, codeVerifier))).toBe('400 invalid_grant: Malformed auth code.');
    expect(await outcome(exchange(await codeFor(page), ''))).toBe('400 invalid_grant: Missing code verifier.');
    const good = await codeFor(page);
    expect((await exchange(good, codeVerifier)).status).toBe(200);
    expect((await exchange(good, codeVerifier)).status).toBe(400);
  });

  it('can have a challenge that is the verifier itself', async () => {
    const url = new URL((await google.consent()).page);
    url.searchParams.set('code_challenge', 'y'.repeat(43));
    url.searchParams.delete('code_challenge_method');
    expect((await exchange(await codeFor(url.toString()), 'z'.repeat(43))).status).toBe(400);
    expect((await exchange(await codeFor(url.toString()), 'y'.repeat(43))).status).toBe(200);
  });

  it('is for the address that people were sent back to, and for ten minutes', async () => {
    const { page, codeVerifier } = await google.consent();
    expect(await outcome(exchange(await codeFor(page), codeVerifier, `${REDIRECT}/other`))).toMatch(/^400 redirect_uri_mismatch:/);
    await stopAt(0);
    const [early, late] = [await codeFor(page), await codeFor(page)];
    await stopAt(599);
    expect((await exchange(early, codeVerifier)).status).toBe(200);
    await stopAt(600);
    expect(await outcome(exchange(late, codeVerifier))).toMatch(/^400 invalid_grant:/);
  });

  it.each([
    [{}, true],
    [{ prompt: 'select_account consent' }, true],
    [{ prompt: 'select_account' }, false],
    [{ access_type: 'online' }, false],
  ])('brings a refresh token with %j: %p', async (options, expected) => {
    expect((await google.connect(CHANNEL, options)).refreshToken !== null).toBe(expected);
  });
});

describe('tokens', () => {
  it('end when they say, and a refresh brings new ones but no new refresh token', async () => {
    await stopAt(0, { token_seconds: 60 });
    const access = await google.connect();
    await stopAt(59, { token_seconds: 60 });
    expect(await ownChannel(access)).toBe(CHANNEL);
    await stopAt(60, { token_seconds: 60 });
    const response = await access.raw('GET', 'youtube/v3/channels?part=id&mine=true');
    expect(response.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    expect(await refusal(Promise.resolve(response))).toMatchObject({ status: 401, reason: 'authError', domain: 'global' });
    const fresh = (await (await refresh(access.refreshToken)).json()) as Record<string, unknown>;
    expect(fresh).toEqual({
      access_token: expect.stringMatching(/^ya29\./),
      expires_in: 60,
      scope: expect.any(String),
      token_type: 'Bearer',
    });
    expect(fresh.access_token).not.toBe(access.accessToken);
  });

  it('are demanded by every call', async () => {
    const response = await fetch(`${google.url}/youtube/youtube/v3/channels?part=id&mine=true`);
    expect(await refusal(Promise.resolve(response))).toMatchObject({ status: 401, reason: 'authorizationRequired' });
  });

  it('of an app in testing die after seven days', async () => {
    const week = 7 * 86_400;
    await stopAt(0, { testing: true, token_seconds: 2 * week });
    const { page, codeVerifier } = await google.consent();
    const { tokens } = await google.oauth().getToken({ code: await codeFor(page), codeVerifier });
    expect(tokens).toMatchObject({ refresh_token_expires_in: 604_800 });
    await stopAt(week - 1);
    expect((await refresh(tokens.refresh_token ?? '')).status).toBe(200);
    await stopAt(week);
    expect(await outcome(refresh(tokens.refresh_token ?? ''))).toBe('400 invalid_grant: Token has been expired or revoked.');
    const headers = { authorization: `Bearer ${tokens.access_token ?? ''}` };
    expect((await fetch(`${google.url}/youtube/youtube/v3/channels?part=id&mine=true`, { headers })).status).toBe(401);
  });

  it('are refused to a client that is unknown, and for what is no grant', async () => {
    const client = google.oauth({ clientSecret: 'wrong' });
    client.setCredentials({ refresh_token: 'x' });
    await expect(client.refreshAccessToken()).rejects.toMatchObject({ message: 'invalid_client' });
    const other = google.oauth();
    other.setCredentials({ refresh_token: 'x' });
    await expect(other.refreshAccessToken()).rejects.toMatchObject({ message: 'invalid_grant', status: 400 });
    expect(await outcome(token({ grant_type: 'password' }))).toMatch(/^400 unsupported_grant_type:/);
  });

  it('are tried again by the client when Google is away, and counted', async () => {
    const access = await google.connect();
    await set({ next: [{ on: 'token', answer: 'unavailable', times: 2 }] });
    const client = google.oauth();
    client.setCredentials({ refresh_token: access.refreshToken });
    await client.refreshAccessToken();
    await google.connect();
    expect(await google.control('GET', 'traffic')).toMatchObject({ calls: { token: 4 }, token_refreshes: 3, token_exchanges: 1 });
    await set({ next: [{ on: 'token', answer: 'invalid_grant' }] });
    expect(await outcome(refresh(access.refreshToken))).toMatch(/^400 invalid_grant:/);
    expect((await refresh(access.refreshToken)).status).toBe(200);
  });

  it('of one account may be a hundred; one more ends the oldest', async () => {
    const channel = 'UCwith_very_many_tokens_';
    const first = await google.connect(channel);
    const second = await google.connect(channel);
    for (let index = 0; index < 98; index++) await google.connect(channel);
    expect((await refresh(first.refreshToken)).status).toBe(200);
    await google.connect(channel);
    expect(await outcome(refresh(first.refreshToken))).toMatch(/^400 invalid_grant:/);
    expect((await refresh(second.refreshToken)).status).toBe(200);
  });
});

describe('a grant that is taken back', () => {
  it('is dead at once, whichever of its tokens was named', async () => {
    const [one, other] = [await google.connect(), await google.connect(OTHER_CHANNEL)];
    await google.oauth().revokeToken(one.accessToken);
    expect(await refusal(ownChannel(one))).toMatchObject({ status: 401, reason: 'authError' });
    expect(await outcome(refresh(one.refreshToken))).toMatch(/^400 invalid_grant:/);
    expect(await ownChannel(other)).toBe(OTHER_CHANNEL);
    const again = await fetch(`${google.url}/google/revoke`, { method: 'POST', body: new URLSearchParams({ token: one.accessToken }) });
    expect([again.status, await again.json()]).toMatchObject([400, { error: 'invalid_token' }]);
    const form = new URLSearchParams({ token: other.refreshToken ?? '' });
    expect((await fetch(`${google.url}/google/revoke`, { method: 'POST', body: form })).status).toBe(200);
    expect((await refusal(ownChannel(other))).status).toBe(401);
  });

  it('by the operator stops an upload in its middle', async () => {
    const access = await google.connect();
    const file = Buffer.alloc(2 * 256 * 1024, 'x');
    const session = (await access.open(titled('Owl'), { bytes: file.length })).headers.get('location') ?? '';
    expect((await put(session, file, { end: 256 * 1024, accessToken: access.accessToken })).status).toBe(308);
    expect(await google.control('POST', 'revoke', { channel_id: CHANNEL })).toEqual({ revoked: expect.any(Number) });
    const sent = await put(session, file, { first: 256 * 1024, accessToken: access.accessToken });
    expect(sent.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    expect(await refusal(Promise.resolve(sent))).toMatchObject({ status: 401, reason: 'authError' });
    const asked = await ask(session, file.length, (await google.connect()).accessToken);
    expect([asked.status, asked.headers.get('range')]).toEqual([308, 'bytes=0-262143']);
    expect((await ask(session, file.length, (await google.connect(OTHER_CHANNEL)).accessToken)).status).toBe(403);
  });
});

describe('scopes', () => {
  const upload = scope('youtube.upload');
  const [all, force, read] = [scope('youtube'), scope('youtube.force-ssl'), scope('youtube.readonly')];
  it.each<[string, string, string, string[][]]>([
    ['videos.insert', 'POST', 'upload/youtube/v3/videos', [upload, all, force]],
    ['thumbnails.set', 'POST', 'upload/youtube/v3/thumbnails/set', [upload, all, force]],
    ['videos.list', 'GET', 'youtube/v3/videos', [read, all, force]],
    ['channels.list', 'GET', 'youtube/v3/channels', [read, all, force]],
    ['playlists.list', 'GET', 'youtube/v3/playlists', [read, all, force]],
    ['playlistItems.list', 'GET', 'youtube/v3/playlistItems', [read, all, force]],
    ['videos.update', 'PUT', 'youtube/v3/videos', [all, force]],
    ['videos.delete', 'DELETE', 'youtube/v3/videos', [all, force]],
    ['playlists.insert', 'POST', 'youtube/v3/playlists', [all, force]],
    ['playlistItems.insert', 'POST', 'youtube/v3/playlistItems', [all, force]],
    ['captions.list', 'GET', 'youtube/v3/captions', [force]],
    ['captions.insert', 'POST', 'upload/youtube/v3/captions', [force]],
  ])('%s needs one of its own', async (_, method, path, enough) => {
    await set({ units_a_day: null });
    for (const scopes of [upload, all, force, read]) {
      const access = await google.connect(CHANNEL, { scope: scopes });
      const response = await access.raw(method, path);
      const { status, reason } = await refusal(Promise.resolve(response));
      // With the right scope, what is refused is that the request says nothing.
      const isRefused = reason === 'insufficientPermissions';
      expect([scopes, isRefused]).toEqual([scopes, !enough.includes(scopes)]);
      expect(status).toBe(isRefused ? 403 : 400 + (path === 'youtube/v3/videos' && method === 'DELETE' ? 4 : 0));
      if (isRefused) expect(response.headers.get('www-authenticate')).toContain('insufficient_scope');
    }
  });
});
