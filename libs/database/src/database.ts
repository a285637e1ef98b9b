import type { EntityManager } from 'typeorm';
import { ApiTokens } from './repositories/api-tokens.js';
import { Artifacts } from './repositories/artifacts.js';
import { Census } from './repositories/census.js';
import { Channels } from './repositories/channels.js';
import { Dispatch } from './repositories/dispatch.js';
import { Forecasts } from './repositories/forecasts.js';
import { Outbox } from './repositories/outbox.js';
import { Live } from './repositories/live.js';
import { Alerts, DeadLetters, Heartbeats } from './repositories/incidents.js';
import { NotionMirrors, NotionSubscriptions, NotionSweeps } from './repositories/notion.js';
import { OAuthConsents, OAuthTokens } from './repositories/oauth.js';
import { Publications } from './repositories/publications.js';
import { AuditLogs, Reviews, WebhookEvents } from './repositories/records.js';
import { Tasks } from './repositories/tasks.js';
import { VideoCosts } from './repositories/video-costs.js';
import { YouTubeQuotaDays } from './repositories/youtube-quota.js';

/** The system of record: every query of the product, by what it is about. */
export class Database {
  readonly tasks: Tasks;
  readonly artifacts: Artifacts;
  readonly channels: Channels;
  readonly dispatch: Dispatch;
  readonly outbox: Outbox;
  readonly live: Live;
  readonly census: Census;
  readonly forecasts: Forecasts;
  readonly reviews: Reviews;
  readonly costs: VideoCosts;
  readonly deadLetters: DeadLetters;
  readonly alerts: Alerts;
  readonly heartbeats: Heartbeats;
  readonly auditLogs: AuditLogs;
  readonly webhookEvents: WebhookEvents;
  readonly oauthTokens: OAuthTokens;
  readonly oauthConsents: OAuthConsents;
  readonly publications: Publications;
  readonly youtubeQuota: YouTubeQuotaDays;
  readonly notionMirrors: NotionMirrors;
  readonly notionSweeps: NotionSweeps;
  readonly notionSubscriptions: NotionSubscriptions;
  readonly apiTokens: ApiTokens;

  constructor(private readonly manager: EntityManager) {
    this.tasks = new Tasks(manager);
    this.artifacts = new Artifacts(manager);
    this.channels = new Channels(manager);
    this.dispatch = new Dispatch(manager);
    this.outbox = new Outbox(manager);
    this.live = new Live(manager);
    this.census = new Census(manager);
    this.forecasts = new Forecasts(manager);
    this.reviews = new Reviews(manager);
    this.costs = new VideoCosts(manager);
    this.deadLetters = new DeadLetters(manager);
    this.alerts = new Alerts(manager);
    this.heartbeats = new Heartbeats(manager);
    this.auditLogs = new AuditLogs(manager);
    this.webhookEvents = new WebhookEvents(manager);
    this.oauthTokens = new OAuthTokens(manager);
    this.oauthConsents = new OAuthConsents(manager);
    this.publications = new Publications(manager);
    this.youtubeQuota = new YouTubeQuotaDays(manager);
    this.notionMirrors = new NotionMirrors(manager);
    this.notionSweeps = new NotionSweeps(manager);
    this.notionSubscriptions = new NotionSubscriptions(manager);
    this.apiTokens = new ApiTokens(manager);
  }

  /** Runs `work` in one transaction. Only for short work on rows: never around a provider call, a subprocess or a file. */
  async transaction<T>(work: (database: Database) => Promise<T>): Promise<T> {
    return this.manager.transaction((manager) => work(new Database(manager)));
  }

  /** Holds a lock of that name until the transaction ends; false when another process has it. Only inside a transaction. */
  async tryLock(name: string): Promise<boolean> {
    const [row] = await this.manager.query<{ locked: boolean }[]>('SELECT pg_try_advisory_xact_lock(hashtext($1)) AS locked', [name]);
    return row?.locked ?? false;
  }

  /** @throws when Postgres does not answer */
  async ping(): Promise<void> {
    await this.manager.query('SELECT 1');
  }
}
