import { readSettings } from '#config';
import { Database, dataSourceOptions } from '#database';
import { Workspace } from '#media';
import { STAGES, type StepName } from '#pipeline';
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
    const tickets = new TicketHandler(
      database,
      files,
      // A publication is paid for with nothing but quota.
      { recover: () => Promise.resolve({ providerJobId: null, finished: null }) } as never,
      undefined as never,
      new Leases(database),
      new LaneHealth(database, new Dispatcher(database, settings)),
      { wake: () => undefined, takenUp: () => undefined } as never,
      new Map([['publication', stage.publication as never]]),
      settings,
    );
    const followUps = new FollowUps(database, steps, youtube, workspace, clock, settings);
    return new Publisher(database, grants, quota, followUps, tickets, dataSource);
  }

  /** Works the publication's ticket once, as it is now; nothing when it is not due. */
  async publish(taskId: string, stopping = new AbortController().signal): Promise<void> {
    await this.database.dispatch.recall(UNCLAIMED_MS);
    const handed = `UPDATE artifacts SET handed_at = now() WHERE task_id = $1 AND step = $2 AND state = 'due' AND next_at <= now()`;
    await this.dataSource.query(handed, [taskId, STEP]);
    const [artifact] = await this.database.artifacts.ofStep(taskId, STEP);
    if (!artifact) throw new Error(`Task ${taskId} has no publication`);
    const { channelId: channel_id, generation, id: artifact_id } = artifact;
    await this.tickets.handle('make', { task_id: taskId, channel_id, step: STEP, generation, artifact_id }, stopping);
  }

  async close(): Promise<void> {
    await this.dataSource.destroy();
  }
}

const STEP: StepName = Object.keys(STAGES.upload.steps)[0] as StepName;
/** Nothing that another test's publisher has in hand is taken back (ms). */
const UNCLAIMED_MS = 3_600_000;
