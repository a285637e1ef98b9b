import { createHmac } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { STAGE_NAMES, STEPS } from '#pipeline';
import { call } from '../../apps/local/src/gateway-client.js';
import { Installation } from '../installation/installation.js';
import { audit, unfinishedFiles, type Findings } from './audit.js';
import { Engines } from './engines.js';
import { planOf, type Blow, type CrashPoint } from './plan.js';
import { Inspection } from './inspection.js';
import { Reviewer, type ReviewerLog } from './reviewer.js';

export interface ChaosOptions {
  videos: number;
  channels: number;
  /** Scenes of a video. */
  scenes: number;
  /** How long blows and faults go on (minutes); afterwards the rest is finished in peace. */
  minutes: number;
  seed: number;
  /** Share of the requests to providers that fail. */
  faults: number;
  /** How long a clip takes at the provider at least (s). */
  clipSeconds: number;
  /** Told what happens. */
  onEvent?: (text: string) => void;
  /** Told how far it is: videos published. */
  onProgress?: (published: number, elapsedMs: number) => void;
}

export interface ChaosReport {
  options: ChaosOptions;
  minutes: number;
  blows: Partial<Record<Blow['kind'], number>>;
  /** Waypoints at which a process was killed. */
  crashed: string[];
  /** How long each emptied Redis took to be whole again (ms). */
  wholeAgainMs: number[];
  /** What the webhook answered while Redis was away, and while Postgres was. */
  webhook: { withoutRedis: number[]; withoutPostgres: number[]; withoutPostgresLater: number[] };
  /** Items whose worker woke up after its lease and could commit nothing. */
  takenOver: number;
  /** How long services took that were told to stop (ms). */
  gracefulStopsMs: number[];
  reviewer: ReviewerLog;
  findings: Findings;
}

const PREFIX = 'chaos';
/** Share of the requests that providers refuse for good, so that a person is needed. */
const REFUSALS = 0.005;
const SERVICES = ['gateway', ...STAGE_NAMES];
/** How long the rest may take once it is quiet (ms). */
const REST_MS = 20 * 60_000;
/** A restart waits this long after an unplanned end (ms). */
const DOWN_MS = 300;

/** Makes videos while everything is killed, emptied and cut off that can be, and looks whether anything was lost or paid for twice. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const folder = await mkdtemp(join(tmpdir(), 'chaos-'));
  const engines = await Engines.start(folder);
  const chaos = new Chaos(options, folder, engines);
  try {
    return await chaos.run();
  } finally {
    await chaos.end();
    await engines.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

class Chaos {
  private readonly plan;
  private readonly record: Inspection;
  private readonly crashPoints: CrashPoint[];
  private readonly report: Omit<ChaosReport, 'findings' | 'reviewer' | 'minutes'>;
  private installation: Installation | null = null;
  private reviewer: Reviewer | null = null;
  private readonly busy = new Set<string>();
  /** Blows that are not over yet, and what goes on as long as the run. */
  private readonly blows = new Set<Promise<void>>();
  private readonly upkeep = new Set<Promise<void>>();
  private began = 0;
  private marks = 0;
  /** Whether an engine is down, or about to be. */
  private away = false;
  private engineTurn: Promise<void> = Promise.resolve();
  private quiet = false;
  private ended = false;

  constructor(
    private readonly options: ChaosOptions,
    private readonly folder: string,
    private readonly engines: Engines,
  ) {
    this.plan = planOf(options.seed, options.minutes * 60_000);
    this.crashPoints = [...this.plan.crashPoints];
    this.record = new Inspection(engines.databaseUrl, engines.redisUrl, PREFIX);
    this.report = {
      options,
      blows: {},
      crashed: [],
      wholeAgainMs: [],
      webhook: { withoutRedis: [], withoutPostgres: [], withoutPostgresLater: [] },
      takenOver: 0,
      gracefulStopsMs: [],
    };
  }

  async run(): Promise<ChaosReport> {
    const { videos, channels, scenes, seed, faults, clipSeconds } = this.options;
    this.say('starting Postgres, Redis, the simulator, the gateway and six services');
    const keys = Array.from({ length: channels }, (_, index) => `channel_${index + 1}`);
    this.installation = await Installation.start({
      folder: this.folder,
      databaseUrl: this.engines.databaseUrl,
      redisUrl: this.engines.redisUrl,
      queuePrefix: PREFIX,
      channels: keys.map((key, index) => ({ key, scenes, youtubeChannelId: `UCsimulatedchannel${String(index + 1).padStart(6, '0')}` })),
      environment: {
        // The ladder a sixtieth of what it is, so that a run is minutes long and not hours.
        RETRY_LADDER_SECONDS: '1,5,15,60',
        KIE_CALLBACK_WAIT_SECONDS: '45',
        NOTION_REQUEST_SPACING_MS: '50',
        YOUTUBE_CHUNK_KIB: '512',
        ASSET_CONCURRENCY: '4',
        VIDEO_CONCURRENCY: '4',
        AUDIO_CONCURRENCY: '2',
        SFX_CONCURRENCY: '2',
        NODE_OPTIONS: `--import=${resolve('test/chaos/crash-at.mjs')}`,
        CRASH_MARK: join(this.folder, 'crash-unused'),
      },
      onLine: (process, line) => {
        this.hear(process, line);
      },
    });
    this.say(`look at it: ${this.installation.gatewayUrl}/queues, ${this.engines.databaseUrl}, ${this.folder}`);
    if (faults > 0) await this.simulator('PUT', 'faults', { seed, rate: faults, refusals: REFUSALS, hold_ms: 1_500 });
    await this.simulator('PUT', 'latency', { seconds: { clip: clipSeconds } });
    // What is tried is crashes, not quotas: a long run needs more than a day's.
    await this.simulator('PUT', 'youtube', { uploads_a_day: null, units_a_day: null });
    this.began = performance.now();
    this.reviewer = new Reviewer(this.installation.gatewayUrl);
    const queueing = this.queueVideos(keys);
    this.keepAlive();
    for (const blow of this.plan.blows) {
      await this.until(blow.atMs);
      if (await this.allPublished()) break;
      this.inBackground(this.blows, this.strike(blow));
    }
    await queueing;
    await this.waitForPublished(this.options.minutes * 60_000);
    this.quiet = true;
    await Promise.all(this.blows);
    this.say('quiet: what is left is finished in peace');
    await this.simulator('DELETE', 'faults');
    const restFrom = performance.now() - this.began;
    await this.waitForPublished(restFrom + REST_MS);
    await this.settle();
    const minutes = (performance.now() - this.began) / 60_000;
    await this.reviewer.stop();
    const findings = await audit({ installation: this.installation, record: this.record, videos });
    return { ...this.report, minutes, reviewer: this.reviewer.log, findings };
  }

  async end(): Promise<void> {
    this.ended = true;
    await this.reviewer?.stop();
    await Promise.all(this.upkeep);
    await this.installation?.stop();
    await this.record.close();
  }

  private async strike(blow: Blow): Promise<void> {
    const installation = this.here();
    if ('service' in blow && (this.busy.has(blow.service) || !installation.isRunning(blow.service))) return;
    this.report.blows[blow.kind] = (this.report.blows[blow.kind] ?? 0) + 1;
    this.say(
      `${blow.kind.replace('_', ' ')}${'service' in blow ? ` ${blow.service}` : ''}${'downMs' in blow ? `, ${blow.downMs} ms down` : ''}`,
    );
    switch (blow.kind) {
      case 'kill':
      case 'terminate': {
        this.busy.add(blow.service);
        if (blow.kind === 'kill') await installation.kill(blow.service);
        else this.report.gracefulStopsMs.push(Math.round(await installation.terminate(blow.service)));
        await wait(blow.downMs);
        this.busy.delete(blow.service);
        return;
      }
      case 'pause':
        return this.pause(blow.service, blow.forMs);
      case 'flush_redis':
        await this.inTurn(() => this.record.flushRedis());
        return this.measureWhole();
      case 'restart_redis':
        await this.inTurn(async () => {
          await this.engines.stopRedis();
          await wait(blow.downMs / 2);
          this.report.webhook.withoutRedis.push(await this.postWebhook());
          await wait(blow.downMs / 2);
          await this.engines.startRedis();
        });
        return this.measureWhole();
      case 'restart_postgres': {
        const id = `during-outage-${blow.atMs}`;
        await this.inTurn(async () => {
          await this.engines.stopPostgres();
          await wait(blow.downMs / 2);
          this.report.webhook.withoutPostgres.push(await this.postWebhook(id));
          await wait(blow.downMs / 2);
          await this.engines.startPostgres();
        });
        await wait(2_000);
        this.report.webhook.withoutPostgresLater.push(await this.postWebhook(id));
      }
    }
  }

  /** One engine is away at a time, so that what is measured has one cause. */
  private async inTurn(blow: () => Promise<void>): Promise<void> {
    const turn = this.engineTurn.then(async () => {
      this.away = true;
      await blow().finally(() => (this.away = false));
    });
    this.engineTurn = turn.catch(() => undefined);
    return turn;
  }

  /** Stops a service in its tracks until others have taken its items, then lets it go on with what it believes to hold. */
  private async pause(service: string, forMs: number): Promise<void> {
    const installation = this.here();
    this.busy.add(service);
    await this.untilAtWork(service);
    installation.signal(service, 'SIGSTOP');
    const other = `${service}.2`;
    await installation.launch(other).catch(() => undefined);
    await wait(forMs);
    installation.signal(service, 'SIGCONT');
    await wait(5_000);
    await installation.kill(other);
    this.busy.delete(service);
  }

  /** A pause of a service that holds nothing would prove nothing. */
  private async untilAtWork(stage: string): Promise<void> {
    const steps = STEPS.filter((step) => step.stage === stage).map(({ name }) => name);
    for (let looks = 0; looks < 100; looks++) {
      const query = `SELECT id FROM artifacts WHERE state = 'running' AND step = ANY($1) AND lease_until > now() + interval '25 s'`;
      if ((await this.record.rows(query, [steps]).catch(() => [])).length > 0) return;
      await wait(200);
    }
  }

  /** Starts again whatever has ended, each time with another place at which it will be killed. */
  private keepAlive(): void {
    this.inBackground(
      this.upkeep,
      (async () => {
        while (!this.ended) {
          for (const service of SERVICES) {
            if (this.busy.has(service) || this.here().isRunning(service)) continue;
            this.busy.add(service);
            this.inBackground(
              this.upkeep,
              this.restart(service).finally(() => {
                this.busy.delete(service);
              }),
            );
          }
          await wait(100);
        }
      })(),
    );
  }

  private async restart(service: string): Promise<void> {
    await wait(DOWN_MS);
    const index = this.quiet ? -1 : this.crashPoints.findIndex((point) => point.service === service);
    const [point] = index < 0 ? [] : this.crashPoints.splice(index, 1);
    const environment: Record<string, string> = {};
    if (point) {
      environment.CRASH_AT = `${point.waypoint}:${point.passes}${point.inScript ? '@parent' : ''}`;
      environment.CRASH_MARK = join(this.folder, `crash-${this.marks++}`);
    }
    // Postgres or Redis may be away right now: it is started until it stays.
    await this.here()
      .launch(service, environment)
      .catch(() => undefined);
    if (point) this.inBackground(this.upkeep, this.watchCrash(point, environment.CRASH_MARK ?? ''));
  }

  private async watchCrash(point: CrashPoint, mark: string): Promise<void> {
    while (!this.ended) {
      if (existsSync(mark)) {
        const where = `${point.service} at ${point.waypoint}${point.passes ? ` (${point.passes + 1})` : ''}${point.inScript ? ', in its script' : ''}`;
        this.report.crashed.push(where);
        this.say(`killed ${where}`);
        return;
      }
      await wait(200);
    }
  }

  /** How long it takes until everything that is due has its ticket again. */
  private async measureWhole(): Promise<void> {
    let [from, clean] = [performance.now(), 0];
    while (!this.ended && performance.now() - from < 180_000) {
      // While Redis or Postgres is away, nothing can be made whole.
      if (this.away) from = performance.now();
      const missing = this.away ? -1 : await this.record.withoutTicket().catch(() => -1);
      clean = missing === 0 ? clean + 1 : 0;
      // A look between a commit and its relay may find one missing, so one clean look is no proof.
      if (clean === 3) break;
      await wait(500);
    }
    const tookMs = Math.round(performance.now() - from - 1_000);
    this.report.wholeAgainMs.push(Math.max(0, tookMs));
    this.say(`queues whole again after ${(tookMs / 1_000).toFixed(1)} s`);
  }

  private async queueVideos(channels: readonly string[]): Promise<void> {
    const { videos, minutes } = this.options;
    const spreadMs = minutes * 60_000 * 0.4;
    for (let index = 0; index < videos; index++) {
      await this.until((index / videos) * spreadMs);
      const title = titleOf(index);
      await this.simulator('POST', 'notion/rows', { title, topic: title, channel: channels[index % channels.length], status: 'Queued' });
    }
  }

  /** Sends an event as Notion does; returns the answer's status, 0 when there is none. */
  private async postWebhook(id = `probe-${performance.now()}`): Promise<number> {
    const { gatewayUrl, webhookToken } = this.here();
    const body = JSON.stringify({
      id,
      type: 'page.content_updated',
      authors: [{ id: 'somebody' }],
      entity: { id: 'nothing', type: 'database' },
    });
    const signature = `sha256=${createHmac('sha256', webhookToken).update(body).digest('hex')}`;
    const headers = { 'content-type': 'application/json', 'x-notion-signature': signature };
    for (let tries = 0; tries < 40; tries++) {
      const response = await fetch(`${gatewayUrl}/webhook/notion`, {
        method: 'POST',
        headers,
        body,
        signal: AbortSignal.timeout(15_000),
      }).catch(() => null);
      if (response) return response.status;
      // The gateway itself has been killed and is on its way back.
      await wait(500);
    }
    return 0;
  }

  private async allPublished(): Promise<boolean> {
    const published = await this.record
      .rows<{ count: number }>(`SELECT count(*)::int FROM tasks WHERE status = 'published'`)
      .catch(() => []);
    const count = published[0]?.count ?? 0;
    if (published[0]) this.options.onProgress?.(count, performance.now() - this.began);
    return count >= this.options.videos;
  }

  private async waitForPublished(untilMs: number): Promise<void> {
    while (!(await this.allPublished()) && performance.now() - this.began < untilMs) await wait(1_000);
  }

  /** Waits until nothing is on its way any more: tickets, rows of Notion, alerts. */
  private async settle(): Promise<void> {
    const from = performance.now();
    while (performance.now() - from < 120_000) {
      const [busy] = await this.record.rows<{ outbox: number; behind: number; untold: number }>(`
        SELECT (SELECT count(*)::int FROM outbox) AS outbox,
               (SELECT count(*)::int FROM tasks WHERE notion_version < version) AS behind,
               (SELECT count(*)::int FROM alerts WHERE slack_version < version OR discord_version < version) AS untold`);
      const quiet = busy && busy.outbox + busy.behind + busy.untold === 0 && (await this.record.jobsLeft()).length === 0;
      if (quiet && (await unfinishedFiles(this.here().workspaceRoot)).length === 0) return;
      await wait(1_000);
    }
  }

  private hear(process: string, line: string): void {
    if (line.includes('"item_make_taken_over"')) this.report.takenOver += 1;
    if (/unhandled|ERR_|TypeError|ReferenceError/i.test(line)) this.say(`${process} says: ${line.slice(0, 400)}`);
  }

  private async simulator(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object): Promise<unknown> {
    return call(method, `${this.here().simulatorUrl}/simulator/${path}`, body);
  }

  private here(): Installation {
    if (!this.installation) throw new Error('The installation is not started');
    return this.installation;
  }

  private inBackground(set: Set<Promise<void>>, work: Promise<void>): void {
    const kept = work
      .catch((error: unknown) => {
        this.say(`the suite itself: ${String(error)}`);
      })
      .finally(() => set.delete(kept));
    set.add(kept);
  }

  private async until(atMs: number): Promise<void> {
    await wait(this.began + atMs - performance.now());
  }

  private say(text: string): void {
    const at = this.began ? ((performance.now() - this.began) / 1_000).toFixed(1).padStart(6) : '   0.0';
    this.options.onEvent?.(`${at} s  ${text}`);
  }
}

/** Titles that the storyteller of the simulator tells apart. */
function titleOf(index: number): string {
  return `Chaos ${String(index + 1).padStart(3, '0')}`;
}

function wait(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, Math.max(0, ms)));
}
