import { readSettings } from '#config';
import { Database, dataSourceOptions } from '#database';
import { Workspace } from '#media';
import type { Ticket } from '#pipeline';
import { Dispatcher, ItemFiles, LaneHealth, Leases, TicketHandler } from '#stage';
import { ChannelGrants, ChannelYouTube, Clock, YouTubeQuota } from '#youtube';
import { DataSource } from 'typeorm';
import { FollowUps } from '../../apps/upload/src/follow-ups.js';
import { PublicationRecord } from '../../apps/upload/src/publication-record.js';
import { PublicationSteps } from '../../apps/upload/src/publication-steps.js';
import { Release } from '../../apps/upload/src/release.js';
import { Transfer } from '../../apps/upload/src/transfer.js';
import { UploadStage } from '../../apps/upload/src/upload.stage.js';

/** The upload service's machinery and stage without its queue: works the tickets that a test hands it. */
export class Publisher {
  private constructor(
    readonly database: Database,
    readonly grants: ChannelGrants,
    readonly quota: YouTubeQuota,
    readonly followUps: FollowUps,
    private readonly tickets: TicketHandler,
    private readonly dataSource: DataSource,
    private readonly dispatcher: Dispatcher,
  ) {}

  static async open(environment: Readonly<Record<string, string>>, clock = new Clock()): Promise<Publisher> {
    const settings = readSettings(environment);
    const dataSource = await new DataSource(dataSourceOptions(settings.DATABASE_URL ?? '')).initialize();
    const database = new Database(dataSource.manager);
    const workspace = new Workspace(settings.WORKSPACE_ROOT);
    const files = new ItemFiles(workspace);
    const grants = new ChannelGrants(database, settings);
    const quota = new YouTubeQuota(database, clock, settings);
    const youtube = new ChannelYouTube(database, grants, quota, settings);
    const steps = new PublicationSteps(database, youtube, workspace, clock);
    const stage = new UploadStage(
      new PublicationRecord(database),
      new Transfer(database, youtube, settings),
      steps,
      new Release(database, youtube, clock),
      youtube,
      settings,
    );
    const dispatcher = new Dispatcher(database, settings);
    const tickets = new TicketHandler(
      database,
      files,
      // A publication is paid for with nothing but quota.
      { recover: () => Promise.resolve({ providerJobId: null, finished: null }) } as never,
      undefined as never,
      new Leases(database),
      new LaneHealth(database, dispatcher),
      { wake: () => undefined, takenUp: () => undefined } as never,
      new Map([['publication', stage.publication as never]]),
      settings,
    );
    const followUps = new FollowUps(database, steps, youtube, workspace, clock, settings);
    return new Publisher(database, grants, quota, followUps, tickets, dataSource, dispatcher);
  }

  /** Works the publication's ticket once, as it is now; nothing when it is not due. */
  async publish(taskId: string, stopping = new AbortController().signal): Promise<void> {
    await this.database.heartbeats.beat('upload');
    const { tickets } = await this.dispatcher.round();
    const own = tickets.map(({ payload }) => payload as Ticket).filter(({ task_id }) => task_id === taskId);
    for (const ticket of own) await this.tickets.handle('make', ticket, stopping);
  }

  async close(): Promise<void> {
    await this.dataSource.destroy();
  }
}
