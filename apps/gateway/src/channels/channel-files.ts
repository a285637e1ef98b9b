import { watch, type FSWatcher } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import {
  SettingsError,
  inspectChannels,
  readChannels,
  settings,
  type BrokenChannelFile,
  type ChannelFile,
  type GoodChannelFile,
  type Settings,
} from '#config';
import { Database } from '#database';
import { ChannelControl } from '#stage';
import { Inject, Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';

/** Time after the last sign of a change before the folder is read (ms): editors write in several steps. */
const CALM_MS = 300;
/** What is wrong or gone is believed when it still is after this time (ms): an editor may be in the middle of it. */
const DOUBT_MS = 1_000;
/** The folder is read without a sign, too (ms): network file systems give none, and a folder that was replaced is no longer the one watched. */
const EVERY_MS = 60_000;

const KIND = 'channel_file_invalid';

/**
 * Keeps the stored channels as their files are, without a restart. Each gateway acts on what changes in its own folder and leaves alone what does not: during a
 * rollout two of them see different folders for a while.
 */
@Injectable()
export class ChannelFiles implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(ChannelFiles.name);
  private readonly folder: string;
  /** What channels put into their videos. */
  private readonly brand: string;
  /** What has been acted on, by file. */
  private known: ReadonlyMap<string, ChannelFile> = new Map();
  private watcher: FSWatcher | null = null;
  private calm: NodeJS.Timeout | null = null;
  private timer: NodeJS.Timeout | null = null;
  private looking: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: Database,
    private readonly channels: ChannelControl,
    @Inject(settings.KEY) { CHANNELS_DIR, BRAND_DIR }: Settings,
  ) {
    this.folder = CHANNELS_DIR;
    this.brand = BRAND_DIR;
  }

  /** @throws SettingsError naming every mistake in every file: a service that has just been set up should not begin with half of its channels */
  async onModuleInit(): Promise<void> {
    const channels = await readChannels(this.folder, this.brand);
    this.known = new Map(channels.map((read) => [read.file, read]));
    await this.channels.store(channels);
    const keys = channels.map(({ key }) => key);
    await this.channels.remove((await this.database.channels.list()).map(({ key }) => key).filter((key) => !keys.includes(key)));
    await this.database.alerts.resolveQuiet(KIND, 0);
  }

  onApplicationBootstrap(): void {
    this.watch();
    this.timer = setInterval(() => {
      this.watch();
      this.lookSoon();
    }, EVERY_MS);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.watcher?.close();
    if (this.calm) clearTimeout(this.calm);
    if (this.timer) clearInterval(this.timer);
    await this.looking;
  }

  /** Reads the folder and acts on what has changed since the last look. One look at a time. */
  async look(): Promise<void> {
    this.looking = this.looking
      .then(() => this.act())
      .catch((error: unknown) => {
        this.logger.warn({ event: 'channel_files_failed', error: String(error) });
      });
    return this.looking;
  }

  /** On the folder and not on its files: editors and Kubernetes put new files in the place of old ones. */
  private watch(): void {
    this.watcher?.close();
    try {
      this.watcher = watch(this.folder, { persistent: false }, () => this.lookSoon());
      this.watcher.on('error', () => this.watcher?.close());
    } catch (error) {
      this.logger.warn({ event: 'channel_files_unwatched', folder: this.folder, error: String(error) });
    }
  }

  private lookSoon(): void {
    if (this.calm) clearTimeout(this.calm);
    this.calm = setTimeout(() => void this.look(), CALM_MS);
  }

  private async act(): Promise<void> {
    const read = await this.read();
    if (read instanceof SettingsError) return this.unreadable(read);
    await this.database.alerts.resolve(alertKey(this.folder));
    for (const file of read) {
      if (isDeepStrictEqual(file, this.known.get(file.file))) continue;
      if ('settings' in file) await this.mended(file);
      else await this.broken(file);
    }
    const now = new Map(read.map((file) => [file.file, file]));
    const gone = [...this.known.values()].filter(({ file }) => !now.has(file));
    for (const { file } of gone) await this.database.alerts.resolve(alertKey(file));
    await this.channels.remove(gone.map(({ key }) => key).filter((key) => !read.some((file) => file.key === key)));
    // Only now: what has failed on the way is done again at the next look.
    this.known = now;
  }

  /** The folder's files, or why it cannot be read; bad news is looked at twice. */
  private async read(): Promise<ChannelFile[] | SettingsError> {
    const first = await this.inspect();
    const good =
      !(first instanceof SettingsError) &&
      first.every((file) => 'settings' in file) &&
      [...this.known.keys()].every((name) => first.some(({ file }) => file === name));
    if (good) return first;
    await sleep(DOUBT_MS);
    return this.inspect();
  }

  private async inspect(): Promise<ChannelFile[] | SettingsError> {
    const stored = await this.database.channels.list();
    return inspectChannels(this.folder, this.brand, stored).catch((error: unknown) => {
      if (error instanceof SettingsError) return error;
      throw error;
    });
  }

  private async unreadable({ problems }: SettingsError): Promise<void> {
    await this.database.alerts.raise({
      kind: KIND,
      key: alertKey(this.folder),
      title: 'The channel files cannot be read',
      text: `${problems.join('; ')}. All channels go on as they are.`,
    });
  }

  private async mended({ file, key, settings }: GoodChannelFile): Promise<void> {
    await this.channels.store([{ key, settings }]);
    await this.database.alerts.resolve(alertKey(file));
  }

  private async broken({ file, key, problem }: BrokenChannelFile): Promise<void> {
    this.logger.warn({ event: KIND, file, problem });
    const stored = (await this.database.channels.list()).find((channel) => channel.key === key);
    await this.database.alerts.raise({
      kind: KIND,
      key: alertKey(file),
      title: `The channel file ${file} has mistakes`,
      text: `${file}: ${problem}. ${stored ? 'Until it is mended the channel goes on as it was.' : 'Until it is mended there is no such channel.'}`,
      ...(stored && { channelId: stored.id }),
    });
  }
}

const alertKey = (file: string) => `${KIND}:${file}`;
