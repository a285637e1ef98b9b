import { createReadStream } from 'node:fs';
import { extname } from 'node:path';
import { Failure, permanent, transient, wasNeverSent, type PublishedMetadata, type YouTubeVideo } from '#pipeline';
import { youtube, type youtube_v3 } from '@googleapis/youtube';
import { OAuth2Client } from 'google-auth-library';
import { patiently } from '../patience.js';
import { UNMETERED, type AccessTokens, type CallMeter, type QuotaCall } from './access.js';
import { OUT_OF_ORDER, failureOfResponse, youtubeFailure } from './failure.js';
import { UploadSession } from './upload-session.js';

const REQUEST_TIMEOUT_MS = 120_000;
const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];
/** Videos that one request can ask for. */
const IDS_AT_ONCE = 50;

export type PrivacyStatus = 'private' | 'unlisted' | 'public';

/** Said with every call: a root set on the client does not hold for all of them. Retries are the queue's. */
interface CallOptions {
  rootUrl: string;
  retry: false;
  timeout: number;
  auth: OAuth2Client;
}

/** YouTube for one channel. JSON calls go through Google's client, bytes over the resumable protocol, which that client does not speak. */
export class YouTubeClient {
  private readonly api = youtube({ version: 'v3' });
  private readonly rootUrl: string;

  /** @throws Failure for a plain http address that is not this machine: tokens would travel in the open */
  constructor(
    baseUrl: string,
    private readonly access: AccessTokens,
    private readonly meter: CallMeter = UNMETERED,
  ) {
    const { protocol, hostname } = new URL(baseUrl);
    if (protocol !== 'https:' && !LOOPBACK.includes(hostname)) {
      throw permanent({
        code: 'YOUTUBE_URL_UNSAFE',
        message: `${baseUrl} is neither https nor loopback`,
        userMessage: 'YOUTUBE_BASE_URL must begin with https://.',
      });
    }
    this.rootUrl = `${baseUrl}/`;
  }

  /** The channel that the grant is for, and the playlist of everything that was uploaded to it. */
  async ownChannel(): Promise<{ id: string; uploads: string }> {
    const { items } = await this.ask('channels.list', (options) =>
      this.api.channels.list({ part: ['id', 'contentDetails'], mine: true }, options),
    );
    const [channel] = items ?? [];
    if (channel?.id) return { id: channel.id, uploads: channel.contentDetails?.relatedPlaylists?.uploads ?? '' };
    throw permanent({
      code: 'YOUTUBE_NO_CHANNEL',
      message: 'The grant has no channel',
      userMessage: 'The Google account that was connected has no YouTube channel. Connect the right one.',
    });
  }

  /** The videos of these ids that YouTube has. */
  async videos(ids: readonly string[]): Promise<YouTubeVideo[]> {
    const found: YouTubeVideo[] = [];
    for (let at = 0; at < ids.length; at += IDS_AT_ONCE) {
      const id = ids.slice(at, at + IDS_AT_ONCE);
      const { items } = await this.ask('videos.list', (options) =>
        this.api.videos.list({ part: ['snippet', 'status', 'processingDetails'], id }, options),
      );
      found.push(...(items ?? []).map(videoOf));
    }
    return found;
  }

  /** A video, or null when YouTube does not have it. */
  async video(id: string): Promise<YouTubeVideo | null> {
    return (await this.videos([id]))[0] ?? null;
  }

  /** The ids of the latest videos of an uploads playlist, up to fifty. */
  async latest(uploads: string): Promise<string[]> {
    const { items } = await this.ask('playlistItems.list', (options) =>
      this.api.playlistItems.list({ part: ['contentDetails'], playlistId: uploads, maxResults: IDS_AT_ONCE }, options),
    );
    return (items ?? []).flatMap(({ contentDetails }) => contentDetails?.videoId ?? []);
  }

  /**
   * Sets everything that people can see of a video, and who can see it. Whole: an update loses what it leaves out.
   * @param publishAt when YouTube makes it public by itself; only of a private one that never was
   */
  async update(id: string, metadata: PublishedMetadata, privacy: PrivacyStatus, publishAt: Date | null): Promise<void> {
    const { snippet, status } = resourceOf(metadata, privacy);
    const requestBody = { id, snippet, status: { ...status, ...(publishAt && { publishAt: publishAt.toISOString() }) } };
    await this.ask('videos.update', (options) => this.api.videos.update({ part: ['snippet', 'status'], requestBody }, options));
  }

  /** Gives a video its thumbnail: a JPEG or a PNG. */
  async setThumbnail(videoId: string, file: string): Promise<void> {
    const mimeType = extname(file) === '.png' ? 'image/png' : 'image/jpeg';
    await this.ask('thumbnails.set', (options) =>
      this.api.thumbnails.set({ videoId, media: { mimeType, body: createReadStream(file) } }, options),
    );
  }

  /** Adds captions; those that the video has in that language stay as they are. */
  async addCaptions(videoId: string, language: string, file: string): Promise<void> {
    const requestBody = { snippet: { videoId, language, name: '', isDraft: false } };
    try {
      await this.ask('captions.insert', (options) =>
        this.api.captions.insert(
          { part: ['snippet'], requestBody, media: { mimeType: 'application/octet-stream', body: createReadStream(file) } },
          options,
        ),
      );
    } catch (error) {
      // A try whose answer was lost has done it.
      if (Failure.from(error).code !== 'YOUTUBE_CAPTION_EXISTS') throw error;
    }
  }

  /** Adds a video to a playlist, unless it is there: YouTube would add it once more. */
  async addToPlaylist(playlistId: string, videoId: string): Promise<void> {
    const { items } = await this.ask('playlistItems.list', (options) =>
      this.api.playlistItems.list({ part: ['id'], playlistId, videoId }, options),
    );
    if (items && items.length > 0) return;
    const requestBody = { snippet: { playlistId, resourceId: { kind: 'youtube#video', videoId } } };
    await this.once('playlistItems.insert', (options) => this.api.playlistItems.insert({ part: ['snippet'], requestBody }, options));
  }

  /** Opens an upload session. Mistakes in the metadata and used-up quotas show here, before a byte is sent. Private, whatever is to become of the video. */
  async openUpload(metadata: PublishedMetadata, bytes: number): Promise<UploadSession> {
    const response = await this.metered('videos.insert', () =>
      this.send(`${this.rootUrl}upload/youtube/v3/videos?uploadType=resumable&part=snippet,status`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json; charset=UTF-8',
          'x-upload-content-length': String(bytes),
          'x-upload-content-type': 'video/mp4',
        },
        body: JSON.stringify(resourceOf(metadata, 'private')),
      }).then(async (answer) => {
        if (answer.status !== 200 || !answer.headers.get('location')) throw await failureOfResponse(answer);
        return answer;
      }),
    );
    return this.session(response.headers.get('location') ?? '');
  }

  /** An upload session that was opened before. */
  session(address: string): UploadSession {
    return new UploadSession(address, (url, init) => this.send(url, init));
  }

  /** A request that does no harm when it is repeated. */
  private ask<T>(call: QuotaCall, request: (options: CallOptions) => Promise<{ data: T }>): Promise<T> {
    return patiently(() => this.once(call, request));
  }

  private once<T>(call: QuotaCall, request: (options: CallOptions) => Promise<{ data: T }>): Promise<T> {
    return this.metered(call, async () => {
      const token = await this.access.current();
      return request(this.optionsFor(token)).catch(async (error: unknown) => {
        if (statusOf(error) !== 401) return refused(error);
        return request(this.optionsFor(await this.access.renewed(token))).catch(refused);
      });
    }).then(({ data }) => data);
  }

  private async metered<T>(call: QuotaCall, request: () => Promise<T>): Promise<T> {
    await this.meter.spend(call);
    try {
      return await request();
    } catch (error) {
      const failure = Failure.from(error);
      if (failure.code === OUT_OF_ORDER || wasNeverSent(error)) await this.meter.giveBack(call);
      throw failure.kind === 'quota' ? await this.meter.refused(call, failure) : error;
    }
  }

  private async send(url: string, init: RequestInit): Promise<Response> {
    if (!isSameHouse(new URL(url), new URL(this.rootUrl))) throw foreignHost(url);
    const token = await this.access.current();
    const response = await this.fetch(url, init, token);
    return response.status === 401 ? this.fetch(url, init, await this.access.renewed(token)) : response;
  }

  private async fetch(url: string, init: RequestInit, token: string): Promise<Response> {
    const signal = AbortSignal.any([...(init.signal ? [init.signal] : []), AbortSignal.timeout(REQUEST_TIMEOUT_MS)]);
    const headers = { ...(init.headers as Record<string, string>), authorization: `Bearer ${token}` };
    try {
      return await fetch(url, { ...init, signal, redirect: 'manual', headers });
    } catch (cause) {
      throw unreachable(cause instanceof Error ? cause.name : '', cause);
    }
  }

  private optionsFor(token: string): CallOptions {
    const auth = new OAuth2Client();
    auth.setCredentials({ access_token: token });
    return { rootUrl: this.rootUrl, retry: false, timeout: REQUEST_TIMEOUT_MS, auth };
  }
}

/** A video as YouTube wants it said. Privacy is always said: left out, it would mean public. */
function resourceOf(metadata: PublishedMetadata, privacyStatus: PrivacyStatus) {
  const { title, description, tags, category_id, language, made_for_kids, synthetic_media } = metadata;
  return {
    snippet: { title, description, tags, categoryId: category_id, defaultLanguage: language, defaultAudioLanguage: language },
    status: { privacyStatus, selfDeclaredMadeForKids: made_for_kids, containsSyntheticMedia: synthetic_media },
  };
}

function videoOf({ id, snippet, status, processingDetails }: youtube_v3.Schema$Video): YouTubeVideo {
  return {
    id: id ?? '',
    title: snippet?.title ?? '',
    description: snippet?.description ?? '',
    tags: snippet?.tags ?? [],
    category_id: snippet?.categoryId ?? null,
    privacy: status?.privacyStatus ?? 'unknown',
    publish_at: status?.publishAt ?? null,
    made_for_kids: status?.selfDeclaredMadeForKids ?? null,
    synthetic_media: status?.containsSyntheticMedia ?? null,
    upload_status: status?.uploadStatus ?? 'unknown',
    reason: status?.failureReason ?? status?.rejectionReason ?? processingDetails?.processingFailureReason ?? null,
  };
}

/** Whether an address that an answer names is one that tokens and files may go to: the one that is set, or another of Google's APIs. */
function isSameHouse(named: URL, set: URL): boolean {
  const google = [named, set].every(({ protocol, hostname }) => protocol === 'https:' && hostname.endsWith('.googleapis.com'));
  return named.origin === set.origin || google;
}

function statusOf(error: unknown): number | undefined {
  return (error as { response?: { status?: number } }).response?.status;
}

function refused(error: unknown): never {
  if (error instanceof Failure) throw error;
  const { response, message } = error as { response?: { status?: number; data?: unknown }; message?: string };
  if (response?.status) throw youtubeFailure(response.status, response.data);
  throw unreachable(message ?? '', error);
}

function unreachable(why: string, cause: unknown): Failure {
  return transient({
    code: 'YOUTUBE_UNREACHABLE',
    message: `YouTube did not answer: ${why}`,
    userMessage: 'YouTube did not answer. It is tried again by itself.',
    cause,
  });
}

function foreignHost(url: string): Failure {
  return permanent({
    code: 'YOUTUBE_FOREIGN_HOST',
    message: `An upload was to go to ${new URL(url).host}, which is not YouTube's address`,
    userMessage: 'YouTube named another address for the upload than the one that is set. Check YOUTUBE_BASE_URL, then retry.',
  });
}
