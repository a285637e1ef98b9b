import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ChannelSettings } from '#config';
import { Database, dataSourceOptions } from '#database';
import { Workspace } from '#media';
import type { Storyboard } from '#pipeline';
import { GoogleOAuth, type OAuthGrant } from '#providers/youtube';
import { Gates, type OutboxRelay } from '#stage';
import { createTestDatabase, type TestDatabase } from '#testing';
import { ChannelGrants, type Clock } from '#youtube';
import { readSettings, youtubeAccess } from '#config';
import { Logger } from '@nestjs/common';
import sharp from 'sharp';
import { DataSource } from 'typeorm';
import { startSimulator } from '../../apps/simulator/src/main.js';
import { Publisher } from './publisher.js';

/** What the simulated YouTube shows of a video, and what was done to it. */
export interface SeenVideo {
  id: string;
  channel_id: string;
  title: string;
  description: string;
  tags: string[];
  category_id: string;
  language: string;
  privacy: string;
  publish_at: string | null;
  made_for_kids: boolean | null;
  contains_synthetic_media: boolean | null;
  bytes: number;
  sha256: string;
  upload_status: string;
  thumbnail: { sha256: string } | null;
  captions: { language: string; sha256: string }[];
  playlists: { id: string; count: number }[];
}

/** A video that a person has approved. */
export interface Approved {
  taskId: string;
  channelId: string;
  sha256: string;
  title: string;
  /** SHA-256 of each candidate, and of the captions. */
  thumbnails: string[];
  captions: string;
}

export interface VideoOptions {
  title?: string;
  bytes?: number;
  publishAt?: Date;
  approved?: boolean;
}

const REDIRECT = 'http://127.0.0.1:1/callback';

/** Channels, approved videos and a simulated YouTube, for tests of what is between them. */
export class Studio {
  readonly gates: Gates;

  private constructor(
    readonly database: Database,
    readonly environment: Readonly<Record<string, string>>,
    readonly folder: string,
    private readonly dataSource: DataSource,
    private readonly testDatabase: TestDatabase,
    private readonly simulator: Awaited<ReturnType<typeof startSimulator>>,
  ) {
    this.gates = new Gates(database, { wake: () => undefined } as OutboxRelay);
  }

  static async open(settings: Readonly<Record<string, string>> = {}): Promise<Studio> {
    Logger.overrideLogger(false);
    const folder = await mkdtemp(join(tmpdir(), 'studio-'));
    const [testDatabase, simulator] = await Promise.all([createTestDatabase(), startSimulator({ port: 0 })]);
    const environment = {
      DATABASE_URL: testDatabase.url,
      SIMULATOR_URL: simulator.url,
      WORKSPACE_ROOT: join(folder, 'workspace'),
      TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      YOUTUBE_CHUNK_KIB: '256',
      YOUTUBE_UPLOADS_A_DAY: '1000',
      YOUTUBE_UNITS_A_DAY: '1000000',
      LOG_LEVEL: 'silent',
      ...settings,
    };
    const dataSource = await new DataSource(dataSourceOptions(testDatabase.url)).initialize();
    return new Studio(new Database(dataSource.manager), environment, folder, dataSource, testDatabase, simulator);
  }

  async close(): Promise<void> {
    await this.simulator.app.close();
    await this.dataSource.destroy();
    await this.testDatabase.drop();
    await rm(this.folder, { recursive: true, force: true });
  }

  publisher(clock?: Clock, settings: Readonly<Record<string, string>> = {}): Promise<Publisher> {
    return Publisher.open({ ...this.environment, ...settings }, clock);
  }

  /** How YouTube is from now on; without limits, unless some are set. */
  async set(settings: object): Promise<void> {
    await this.youtube('PUT', '', { uploads_a_day: null, units_a_day: null, ...settings });
  }

  /** What a person does at YouTube, or what happens there. */
  async youtube<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(`${this.simulator.url}/simulator/youtube${path && `/${path}`}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as T;
  }

  async videos(title?: string): Promise<SeenVideo[]> {
    const all = await this.youtube<SeenVideo[]>('GET', 'videos');
    return title === undefined ? all : all.filter((video) => video.title === title);
  }

  query<T>(statement: string, values: unknown[] = []): Promise<T[]> {
    return this.dataSource.query(statement, values);
  }

  /** A channel that is connected to one of the simulator's. */
  async addChannel(number: number, youtube: Partial<ChannelSettings['youtube']> = {}): Promise<string> {
    const key = `channel_${number}`;
    const channel_id = youtubeChannel(number);
    const settings = {
      name: key,
      language: 'en',
      voice_id: 'v',
      style: 's',
      atmosphere: 'a',
      scenes: 3,
      youtube: { channel_id, privacy: 'unlisted', category_id: '28', made_for_kids: false, synthetic_media: true, ...youtube },
    } as ChannelSettings;
    await this.database.channels.save([{ key, settings }]);
    const { id } = (await this.database.channels.findByName(key)) ?? {};
    if (!id) throw new Error('The channel was not stored');
    await this.connect(id, channel_id);
    return id;
  }

  /** What an operator agrees to on Google's page. */
  async consent(youtubeChannelId: string): Promise<OAuthGrant> {
    const oauth = new GoogleOAuth(youtubeAccess(readSettings(this.environment)));
    const { url, codeVerifier } = await oauth.consent(REDIRECT, 'state');
    const answer = await fetch(`${url}&channel_id=${youtubeChannelId}&approve=1`, { redirect: 'manual' });
    const code = new URL(answer.headers.get('location') ?? '').searchParams.get('code') ?? '';
    return { ...(await oauth.exchange(REDIRECT, code, codeVerifier)), channelId: youtubeChannelId };
  }

  /** What the owner of a channel does in YouTube Studio. */
  async makePrivate(number: number, id: string): Promise<void> {
    const { accessToken } = await this.consent(youtubeChannel(number));
    const response = await fetch(`${this.simulator.url}/youtube/youtube/v3/videos?part=status`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ id, status: { privacyStatus: 'private' } }),
    });
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  }

  async connect(channelId: string, youtubeChannelId: string): Promise<void> {
    const grants = new ChannelGrants(this.database, readSettings(this.environment));
    await grants.save(this.database, channelId, await this.consent(youtubeChannelId));
  }

  /** A video at the door: cut, approved, and its publication due. */
  async addVideo(
    channelId: string,
    { title = `Video ${randomBytes(4).toString('hex')}`, bytes = 1_300_000, publishAt, approved = true }: VideoOptions = {},
  ): Promise<Approved> {
    const task = await this.database.tasks.add({
      channelId,
      title,
      topic: '',
      storyDirection: '',
      ownScript: '',
      priority: 'normal',
      status: 'draft',
      notionPageId: null,
      requestId: null,
      ...(publishAt && { publishAt }),
    });
    if (!task) throw new Error('The task was not added');
    const file = randomBytes(bytes);
    const sha256 = createHash('sha256').update(file).digest('hex');
    const path = `${channelId}/${task.id}/final.mp4`;
    const absolute = new Workspace(this.environment.WORKSPACE_ROOT ?? '').absolute(path);
    await mkdir(dirname(absolute), { recursive: true });
    await writeFile(absolute, file);
    // Past every step before it, which the database would not allow.
    await this.query(`BEGIN; SET LOCAL session_replication_role = replica;
      UPDATE tasks SET status = 'uploading', step = 'publication', step_opened = true, items_left = 1 WHERE id = '${task.id}'; COMMIT`);
    const storyboard = storyboardOf(title);
    const made = async (step: string, kind: string, checksum: string, result: object, where: string, position = 0) => {
      const [row] = await this.query<{ id: string }>(
        `INSERT INTO artifacts (channel_id, task_id, step, kind, position, input, state, path, checksum, bytes, result, simulated)
         VALUES ($1, $2, $3, $4, $9, '{}', 'ready', $5, $6, $7, $8, true) RETURNING id`,
        [channelId, task.id, step, kind, where, checksum, bytes, JSON.stringify(result), position],
      );
      return row?.id ?? '';
    };
    const estimate = { scenes: 3, images: 1, seconds: 36, usd: 1 };
    await made('storyboard', 'storyboard', 'x', { model: 'm', storyboard, estimate }, `${channelId}/${task.id}/storyboard.json`);
    const scenes = [0, 12_000, 24_000].map((start_ms) => ({ start_ms, duration_ms: 12_000 }));
    const cut = await made('cut', 'cut', sha256, { scenes }, path);
    const shown = [{ artifact_id: cut, checksum: sha256 }];
    const dress = async (step: string, kind: string, position: number, name: string, content: Buffer, result: object) => {
      await writeFile(join(dirname(absolute), name), content);
      const checksum = createHash('sha256').update(content).digest('hex');
      const artifact_id = await made(step, kind, checksum, result, `${channelId}/${task.id}/${name}`, position);
      shown.push({ artifact_id, checksum });
      return checksum;
    };
    const thumbnails: string[] = [];
    for (const position of [0, 1, 2])
      thumbnails.push(
        await dress('thumbnails', 'thumbnail', position, `thumbnail_${position + 1}.jpg`, await picture(position), { at_ms: 0 }),
      );
    const captions = await dress('captions', 'caption', 0, 'captions.srt', Buffer.from(`1\n00:00:00,000 --> 00:00:01,000\n${title}\n`), {
      captions: 1,
    });
    const { title: name, description, tags } = storyboard;
    await this.database.artifacts.add([
      {
        channelId,
        taskId: task.id,
        step: 'publication',
        kind: 'publication',
        position: 0,
        revision: 1,
        input: { title: name, description, tags },
      },
    ]);
    if (approved)
      await this.database.reviews.add({
        channelId,
        taskId: task.id,
        gate: 'final_review',
        decision: 'approve',
        reviewer: 'ann',
        note: null,
        shown,
      });
    return { taskId: task.id, channelId, sha256, title, thumbnails, captions };
  }

  /** Lets a publication be taken up at once, whoever held it or put it off. */
  async makeDue(taskId: string): Promise<void> {
    await this.query(
      `UPDATE artifacts SET state = CASE WHEN state = 'running' THEN 'due' ELSE state END, generation = generation + 1, next_at = now(),
         lease_token = NULL, lease_until = NULL WHERE task_id = $1 AND kind = 'publication' AND state <> 'superseded'`,
      [taskId],
    );
  }

  /** What a person does about a task that has stopped. */
  async retry(taskId: string): Promise<void> {
    await this.gates.retry(taskId, 'ann');
  }

  /** What the ticket does that opens the publication after a person has had it made again. */
  async openStep(taskId: string): Promise<void> {
    await this.query('UPDATE tasks SET step_opened = true, items_left = 1 WHERE id = $1', [taskId]);
  }

  /** Lets everything that is left to do for published videos be due. */
  async makeStepsDue(): Promise<void> {
    await this.query(`UPDATE publication_steps SET next_at = now() - interval '1 second' WHERE state = 'due'`);
  }

  async artifact(taskId: string) {
    const [artifact] = await this.database.artifacts.ofStep(taskId, 'publication');
    if (!artifact) throw new Error('There is no publication');
    return artifact;
  }

  /** Works a publication until it is done or a person has to decide; every wait is over at once. */
  async finish(publisher: Publisher, taskId: string, rounds = 12): Promise<'ready' | 'failed'> {
    for (let round = 0; round < rounds; round += 1) {
      await publisher.publish(taskId);
      const { state } = await this.artifact(taskId);
      if (state === 'ready' || state === 'failed') return state;
      await this.makeDue(taskId);
    }
    const { errorCode, errorMessage } = await this.artifact(taskId);
    throw new Error(`The publication did not come to its end: ${errorCode ?? ''} ${errorMessage ?? ''}`);
  }
}

const pictures = new Map<number, Promise<Buffer>>();
/** A small picture; each number has another one. */
function picture(number: number): Promise<Buffer> {
  const background = { r: 60 * number, g: 90, b: 120 };
  const made =
    pictures.get(number) ??
    sharp({ create: { width: 128, height: 72, channels: 3, background } })
      .jpeg()
      .toBuffer();
  pictures.set(number, made);
  return made;
}

export const youtubeChannel = (number: number) => `UCsimulatedchannel${String(number).padStart(6, '0')}`;

/** A playlist that the channel has from the beginning. */
export const playlistOf = (number: number) => youtubeChannel(number).replace(/^UC/, 'PL');

/** The description that is published of such a video. */
export const DESCRIPTION = 'About it.\n\n0:00 Dawn\n0:12 Noon\n0:24 Dusk';
export const TAGS = ['owls', 'night birds'];

function storyboardOf(title: string): Storyboard {
  const scene = (chapter: string) => ({
    narration: 'It is there.',
    layout: 'full_frame' as const,
    images: ['owl'],
    motion: 'pan',
    effect: 'wind',
    chapter,
  });
  return {
    title,
    description: 'About it.',
    tags: TAGS,
    research: [],
    characters: [],
    images: [{ key: 'owl', role: 'environment', prompt: 'an owl', characters: [] }],
    scenes: [scene('Dawn'), scene('Noon'), scene('Dusk')],
  };
}
