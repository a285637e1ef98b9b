import { createHash } from 'node:crypto';
import { SIMULATED_KEY } from '#providers/registry';
import { youtube, type youtube_v3 } from '@googleapis/youtube';
import { CodeChallengeMethod, OAuth2Client } from 'google-auth-library';
import { startSimulator } from '../../apps/simulator/src/main.js';

export const CHANNEL = 'UCsimulatedchannel000001';
export const OTHER_CHANNEL = 'UCsimulatedchannel000002';
export const REDIRECT = 'http://127.0.0.1:1/callback';
export const UNIT = 256 * 1024;

const ROOT = 'https://www.googleapis.com/auth/';
export const scope = (...names: string[]) => names.map((name) => ROOT + name);
const USUAL_SCOPES = scope('youtube.upload', 'youtube.force-ssl');

export interface ShownVideo extends Record<string, unknown> {
  id: string;
  channel_id: string;
  title: string;
  privacy: string;
  bytes: number;
  sha256: string;
}

/** One channel's access to the simulated YouTube. */
export interface Access {
  accessToken: string;
  refreshToken: string | null;
  /** Google's own client, with what every call is to be told. */
  api: youtube_v3.Youtube;
  options: { rootUrl: string; retry: false };
  /** A request to `/upload/youtube/v3/` or `/youtube/v3/`, as it goes over the wire. */
  raw(method: string, path: string, more?: Raw): Promise<Response>;
  /** Announces a video. @returns the session's address */
  open(video?: object, more?: { bytes?: number; part?: string }): Promise<Response>;
  /** Brings a whole file under a title. @returns the video's id */
  upload(video?: object, file?: Buffer): Promise<string>;
}

interface Raw {
  body?: string | object;
  headers?: Record<string, string>;
}

export interface SimulatedYouTube {
  url: string;
  close(): Promise<void>;
  /** A request below `/simulator/youtube`. @throws Error when it is refused */
  control<T = unknown>(method: string, path: string, body?: object): Promise<T>;
  oauth(settings?: { clientSecret?: string }): OAuth2Client;
  /** Where people agree, with a code verifier. */
  consent(options?: ConsentOptions): Promise<{ page: string; codeVerifier: string }>;
  /** Agrees for a channel, and fetches what was granted. */
  connect(channelId?: string, options?: ConsentOptions): Promise<Access>;
}

interface ConsentOptions {
  scope?: string[];
  access_type?: string;
  prompt?: string;
}

export async function startYouTube(): Promise<SimulatedYouTube> {
  const { url, app } = await startSimulator({ port: 0 });
  const oauth: SimulatedYouTube['oauth'] = ({ clientSecret = SIMULATED_KEY } = {}) =>
    new OAuth2Client({
      clientId: SIMULATED_KEY,
      clientSecret,
      redirectUri: REDIRECT,
      endpoints: {
        oauth2AuthBaseUrl: `${url}/google/auth`,
        oauth2TokenUrl: `${url}/google/token`,
        oauth2RevokeUrl: `${url}/google/revoke`,
      },
    });
  const consent: SimulatedYouTube['consent'] = async (options = {}) => {
    const client = oauth();
    const { codeVerifier, codeChallenge = '' } = await client.generateCodeVerifierAsync();
    const page = client.generateAuthUrl({
      access_type: 'offline',
      prompt: 'consent',
      scope: USUAL_SCOPES,
      state: 'the state',
      code_challenge_method: CodeChallengeMethod.S256,
      code_challenge: codeChallenge,
      ...options,
    });
    return { page, codeVerifier };
  };
  return {
    url,
    close: () => app.close(),
    oauth,
    consent,
    async control<T>(method: string, path: string, body?: object): Promise<T> {
      const init = body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
      const response = await fetch(`${url}/simulator/youtube${path && `/${path}`}`, { method, ...init });
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
      return JSON.parse(text) as T;
    },
    async connect(channelId = CHANNEL, options = {}) {
      const { page, codeVerifier } = await consent(options);
      const code = answerOf(await fetch(`${page}&channel_id=${channelId}&approve=1`, { redirect: 'manual' })).get('code') ?? '';
      const { tokens } = await oauth().getToken({ code, codeVerifier });
      return accessTo(url, tokens.access_token ?? '', tokens.refresh_token ?? null);
    },
  };
}

/** What people are sent back with. */
export function answerOf(response: Response): URLSearchParams {
  return new URL(response.headers.get('location') ?? '').searchParams;
}

/** A video's resource with a title. */
export const titled = (title: string, more: { snippet?: object; status?: object } = {}) => ({
  snippet: { title, categoryId: '28', ...more.snippet },
  status: { privacyStatus: 'private', ...more.status },
});

function accessTo(url: string, accessToken: string, refreshToken: string | null): Access {
  const auth = new OAuth2Client();
  auth.setCredentials({ access_token: accessToken });
  const access: Access = {
    accessToken,
    refreshToken,
    api: youtube({ version: 'v3', auth }),
    options: { rootUrl: `${url}/youtube/`, retry: false },
    raw: (method, path, { body, headers } = {}) =>
      fetch(`${url}/youtube/${path}`, {
        method,
        headers: {
          authorization: `Bearer ${accessToken}`,
          ...(typeof body === 'object' && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    open: (video = titled('Owl'), { bytes = UNIT, part = 'snippet,status' } = {}) =>
      access.raw('POST', `upload/youtube/v3/videos?uploadType=resumable&part=${part}`, {
        body: video,
        headers: { 'x-upload-content-length': String(bytes), 'x-upload-content-type': 'video/mp4' },
      }),
    upload: async (video = titled('Owl'), file = Buffer.from(JSON.stringify(video))) => {
      const opened = await access.open(video, { bytes: file.length });
      if (opened.status !== 200) throw new Error(`${opened.status} ${await opened.text()}`);
      const done = await put(opened.headers.get('location') ?? '', file, { accessToken });
      return ((await done.json()) as { id: string }).id;
    },
  };
  return access;
}

/** Sends bytes to a session: all of a file, or those from `first` on, up to `end`. */
export function put(
  session: string,
  file: Buffer,
  {
    first = 0,
    end = file.length,
    total = file.length,
    accessToken,
  }: { first?: number; end?: number; total?: number; accessToken?: string } = {},
): Promise<Response> {
  return fetch(session, {
    method: 'PUT',
    headers: {
      'content-range': `bytes ${first}-${end - 1}/${total}`,
      ...(accessToken && { authorization: `Bearer ${accessToken}` }),
    },
    body: new Uint8Array(file.subarray(first, end)),
    redirect: 'manual',
  });
}

/** Asks a session how far it is. */
export function ask(session: string, total: number, accessToken?: string): Promise<Response> {
  const headers = { 'content-range': `bytes */${total}`, ...(accessToken && { authorization: `Bearer ${accessToken}` }) };
  return fetch(session, { method: 'PUT', headers, redirect: 'manual' });
}

/** Status and Range of an answer of a session. */
export const standing = (response: Response) => [response.status, response.headers.get('range')];

export const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** What Google refuses, from its client's error or from an answer. */
export interface Refusal {
  status: number;
  reason: string;
  domain: string;
  message: string;
}

export async function refusal(promise: Promise<unknown>): Promise<Refusal> {
  const outcome = await promise.then(
    (answer) => answer,
    (error: unknown) => error,
  );
  if (outcome instanceof Response) return refusalIn(outcome.status, await outcome.json());
  const { response } = outcome as { response?: { status: number; data: unknown } };
  if (!response) throw new Error(`Expected a refusal, got ${String(outcome)}`);
  return refusalIn(response.status, response.data);
}

function refusalIn(status: number, body: unknown): Refusal {
  const { error } = body as { error?: { message: string; errors: { reason: string; domain: string }[] } };
  return { status, message: error?.message ?? '', reason: error?.errors[0]?.reason ?? '', domain: error?.errors[0]?.domain ?? '' };
}

/** The first byte that a session still wants, from its answer. */
export function placeOf(response: Response): number {
  const last = /(\d+)$/.exec(response.headers.get('range') ?? '')?.[1];
  return last === undefined ? 0 : Number(last) + 1;
}

/** Status and Range of a session that has so many bytes. */
export const reached = (bytes: number) => [308, bytes === 0 ? null : `bytes=0-${bytes - 1}`];

/** A file that is uploaded under one name after another. */
export class FileToUpload {
  private names = 0;

  constructor(
    private readonly tube: SimulatedYouTube,
    private readonly access: Access,
    readonly bytes: Buffer,
  ) {}

  newTitle(): string {
    return `Video ${++this.names}`;
  }

  async open(bytes = this.bytes.length): Promise<{ title: string; session: string }> {
    const title = this.newTitle();
    const response = await this.access.open(titled(title), { bytes });
    return { title, session: response.headers.get('location') ?? '' };
  }

  async shown(title: string): Promise<ShownVideo[]> {
    return (await this.tube.control<ShownVideo[]>('GET', 'videos')).filter((video) => video.title === title);
  }

  /** Sends what a session lacks. @returns all that YouTube then has under the title */
  async finish(session: string, title: string): Promise<ShownVideo[]> {
    const first = placeOf(await ask(session, this.bytes.length));
    const done = await put(session, this.bytes, { first });
    if (done.status !== 201) throw new Error(`${done.status} ${await done.text()}`);
    return this.shown(title);
  }
}
