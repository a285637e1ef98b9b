import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Failure, permanent, reached, transient } from '#pipeline';
import { youtube, type youtube_v3 } from '@googleapis/youtube';
import { OAuth2Client } from 'google-auth-library';
import { patiently } from '../patience.js';
import { youtubeFailure } from './failure.js';

/** The protocol wants chunks of a multiple of this (bytes). */
const UNIT = 256 * 1024;
const REQUEST_TIMEOUT_MS = 120_000;
/** Chunks that the server answers with no new byte stored, before it is taken for broken. */
const IDLE_ROUNDS = 5;

export type PrivacyStatus = 'private' | 'unlisted' | 'public';

/** What a video is uploaded with. Privacy is always said: left out, it would mean public. */
export interface VideoMetadata {
  title: string;
  description: string;
  tags: string[];
  categoryId: string;
  language: string;
  privacyStatus: PrivacyStatus;
  madeForKids: boolean;
  containsSyntheticMedia: boolean;
}

export interface Video {
  id: string;
  privacyStatus: string;
}

/** What an upload session knows: how far it is, the video it became, or nothing any more. */
export type SessionState = { state: 'open'; received: number } | { state: 'done'; video: Video } | { state: 'gone' };

/** YouTube for one channel. JSON calls go through Google's client, bytes over the resumable protocol, which that client does not speak. */
export class YouTubeClient {
  private readonly api: youtube_v3.Youtube;
  private readonly rootUrl: string;

  /** @throws Failure for a plain http address that is not this machine: tokens would travel in the open */
  constructor(
    baseUrl: string,
    private readonly accessToken: string,
  ) {
    const { protocol, hostname } = new URL(baseUrl);
    if (protocol !== 'https:' && !['127.0.0.1', 'localhost', '[::1]'].includes(hostname)) {
      throw permanent({
        code: 'YOUTUBE_URL_UNSAFE',
        message: `${baseUrl} is neither https nor loopback`,
        userMessage: 'YOUTUBE_BASE_URL must begin with https://.',
      });
    }
    this.rootUrl = `${baseUrl}/`;
    const auth = new OAuth2Client();
    auth.setCredentials({ access_token: accessToken });
    this.api = youtube({ version: 'v3', auth });
  }

  /** The id of the channel that the grant is for. */
  async ownChannelId(): Promise<string> {
    const { data } = await patiently(() => this.api.channels.list({ part: ['id'], mine: true }, this.options).catch(refused));
    const id = data.items?.[0]?.id;
    if (id) return id;
    throw permanent({
      code: 'YOUTUBE_NO_CHANNEL',
      message: 'The grant has no channel',
      userMessage: 'The Google account that was connected has no YouTube channel. Connect the right one.',
    });
  }

  /** A video, or null when YouTube does not know it. */
  async readVideo(id: string): Promise<Video | null> {
    const { data } = await patiently(() => this.api.videos.list({ part: ['status'], id: [id] }, this.options).catch(refused));
    const found = data.items?.[0];
    return found ? { id, privacyStatus: found.status?.privacyStatus ?? 'unknown' } : null;
  }

  /** Switches a video's privacy, leaving all else of its status as it is, and returns what YouTube then shows. */
  async setPrivacy(id: string, privacyStatus: PrivacyStatus): Promise<Video> {
    const { data } = await patiently(() => this.api.videos.list({ part: ['status'], id: [id] }, this.options).catch(refused));
    const status = data.items?.[0]?.status;
    if (!status)
      throw permanent({
        code: 'YOUTUBE_VIDEO_GONE',
        message: `YouTube does not know ${id}`,
        userMessage: `YouTube no longer has the video ${id}. Look in YouTube Studio what became of it.`,
      });
    if (status.privacyStatus !== privacyStatus) {
      // An update replaces the whole part: what is left out is lost.
      const { embeddable, license, publicStatsViewable, selfDeclaredMadeForKids, containsSyntheticMedia } = status;
      const kept = { embeddable, license, publicStatsViewable, selfDeclaredMadeForKids, containsSyntheticMedia };
      const update = { part: ['status'], requestBody: { id, status: { ...kept, privacyStatus } } };
      await patiently(() => this.api.videos.update(update, this.options).catch(refused));
    }
    return (await this.readVideo(id)) ?? { id, privacyStatus: 'unknown' };
  }

  /** Opens an upload session and returns its address, a secret. Mistakes in the metadata and used-up quotas show here, before a byte is sent. */
  async openUpload({ metadata, bytes }: { metadata: VideoMetadata; bytes: number }): Promise<string> {
    const { title, description, tags, categoryId, language, privacyStatus, madeForKids, containsSyntheticMedia } = metadata;
    const response = await this.fetch(`${this.rootUrl}upload/youtube/v3/videos?uploadType=resumable&part=snippet,status`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json; charset=UTF-8',
        'x-upload-content-length': String(bytes),
        'x-upload-content-type': 'video/mp4',
      },
      body: JSON.stringify({
        snippet: { title, description, tags, categoryId, defaultLanguage: language, defaultAudioLanguage: language },
        status: { privacyStatus, selfDeclaredMadeForKids: madeForKids, containsSyntheticMedia },
      }),
    });
    const session = response.headers.get('location');
    if (response.status !== 200 || !session) throw await failureOf(response);
    return session;
  }

  /**
   * Sends a file from `offset` on, chunk by chunk; goes on from what the server says it kept, which may be less than was sent.
   * @param chunkBytes rounded down to what the protocol allows
   * @throws Failure when the connection breaks or the server refuses; the session then knows how far it is
   */
  async sendFile(
    session: string,
    path: string,
    { offset, chunkBytes, signal }: { offset: number; chunkBytes: number; signal: AbortSignal },
  ): Promise<Video> {
    const { size } = await stat(path);
    const chunk = Math.max(UNIT, chunkBytes - (chunkBytes % UNIT));
    let sent = offset;
    let idle = 0;
    while (idle < IDLE_ROUNDS) {
      const end = Math.min(sent + chunk, size);
      reached('bytes_sending');
      const state = await this.sendChunk(session, path, { from: sent, end, size }, signal);
      reached('bytes_sent');
      if (state.state === 'done') return state.video;
      if (state.state === 'gone') break;
      idle = state.received > sent ? 0 : idle + 1;
      sent = state.received;
    }
    throw transient({
      code: 'YOUTUBE_UPLOAD_BROKEN',
      message: `The upload stopped at byte ${sent} of ${size}`,
      userMessage: 'The upload broke off. It goes on by itself.',
    });
  }

  /** Sends one chunk. When its answer is lost, only the session knows what has come of it. */
  private async sendChunk(
    session: string,
    path: string,
    { from, end, size }: { from: number; end: number; size: number },
    signal: AbortSignal,
  ): Promise<SessionState> {
    try {
      return await this.stateOf(await this.put(session, `bytes ${from}-${end - 1}/${size}`, await chunkOf(path, from, end), signal));
    } catch (error) {
      if (signal.aborted || Failure.from(error).kind !== 'transient') throw error;
      return this.askSession(session, size);
    }
  }

  /** Asks a session how far it is. A finished one answers with its video, as often as it is asked. */
  async askSession(session: string, bytes: number): Promise<SessionState> {
    return patiently(async () => this.stateOf(await this.put(session, `bytes */${bytes}`, null, AbortSignal.timeout(REQUEST_TIMEOUT_MS))));
  }

  private async stateOf(response: Response): Promise<SessionState> {
    if (response.status === 308) {
      // No Range header: nothing was kept. The docs show it with and without "bytes=".
      const last = /(\d+)$/.exec(response.headers.get('range') ?? '')?.[1];
      return { state: 'open', received: last === undefined ? 0 : Number(last) + 1 };
    }
    if (response.status === 404 || response.status === 410) return { state: 'gone' };
    if (response.status !== 200 && response.status !== 201) throw await failureOf(response);
    const video = (await response.json()) as { id?: unknown; status?: { privacyStatus?: unknown } };
    if (typeof video.id !== 'string')
      throw transient({
        code: 'YOUTUBE_NONSENSE',
        message: 'A finished upload without a video id',
        userMessage: 'YouTube answered with something unexpected. It is asked again by itself.',
      });
    return { state: 'done', video: { id: video.id, privacyStatus: String(video.status?.privacyStatus) } };
  }

  private async put(session: string, range: string, body: Buffer<ArrayBuffer> | null, signal: AbortSignal): Promise<Response> {
    return this.fetch(session, { method: 'PUT', headers: { 'content-range': range, 'content-type': 'video/mp4' }, body, signal });
  }

  private async fetch(url: string, init: RequestInit): Promise<Response> {
    const signal = AbortSignal.any([...(init.signal ? [init.signal] : []), AbortSignal.timeout(REQUEST_TIMEOUT_MS)]);
    try {
      return await fetch(url, {
        ...init,
        signal,
        redirect: 'manual',
        headers: { ...(init.headers as Record<string, string>), authorization: `Bearer ${this.accessToken}` },
      });
    } catch (cause) {
      throw transient({
        code: 'YOUTUBE_UNREACHABLE',
        message: `YouTube did not answer: ${cause instanceof Error ? cause.name : ''}`,
        userMessage: 'YouTube did not answer. It is tried again by itself.',
      });
    }
  }

  /** Said with every call: a root set on the client does not hold for all of them. Retries are the queue's. */
  private get options(): { rootUrl: string; retry: false; timeout: number } {
    return { rootUrl: this.rootUrl, retry: false, timeout: REQUEST_TIMEOUT_MS };
  }
}

async function chunkOf(path: string, start: number, end: number): Promise<Buffer<ArrayBuffer>> {
  const pieces: Buffer[] = [];
  for await (const piece of createReadStream(path, { start, end: end - 1 }) as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function failureOf(response: Response): Promise<Failure> {
  const text = await response.text();
  try {
    return youtubeFailure(response.status, JSON.parse(text));
  } catch {
    return youtubeFailure(response.status, { error: { message: text.slice(0, 200) } });
  }
}

function refused(error: unknown): never {
  const { response, message } = error as { response?: { status?: number; data?: unknown }; message?: string };
  if (response?.status) throw youtubeFailure(response.status, response.data);
  throw transient({
    code: 'YOUTUBE_UNREACHABLE',
    message: `YouTube did not answer: ${message ?? ''}`,
    userMessage: 'YouTube did not answer. It is tried again by itself.',
    cause: error,
  });
}
