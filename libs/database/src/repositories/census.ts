import type { ArtifactState, Status, StepName } from '#pipeline';
import type { EntityManager } from 'typeorm';
import { wanted } from './artifacts.js';
import { AT_GATE, BUSY, IN_ERROR, sqlList } from './status-lists.js';

/** How many tasks of a channel are where. */
export interface TaskCounts {
  queued: number;
  in_work: number;
  waiting_for_review: number;
  in_error: number;
  /** Since midnight UTC. */
  published_today: number;
}

/** How much of something waits, and for how long the oldest of it has (s). */
export interface Backlog {
  count: number;
  oldestSeconds: number;
}

const MIDNIGHT_UTC = `date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'`;
const backlogOf = (moment: string) =>
  `count(*)::int AS count, coalesce(extract(epoch FROM now() - min(${moment})), 0)::float8 AS "oldestSeconds"`;

/** The figures of the house: counted when somebody asks, from indexes, never row by row. */
export class Census {
  constructor(private readonly manager: EntityManager) {}

  /** How many tasks of each channel are where; channels without any are left out. */
  async tasksByChannel(): Promise<Map<string, TaskCounts>> {
    const rows = await this.manager.query<({ channel_id: string } & TaskCounts)[]>(
      `SELECT channel_id,
         count(*) FILTER (WHERE status = 'queued')::int AS queued,
         count(*) FILTER (WHERE status IN ${sqlList(BUSY)})::int AS in_work,
         count(*) FILTER (WHERE status IN ${sqlList(AT_GATE)})::int AS waiting_for_review,
         count(*) FILTER (WHERE status IN ${sqlList(IN_ERROR)})::int AS in_error,
         count(*) FILTER (WHERE status = 'published')::int AS published_today
       FROM (
         SELECT channel_id, status FROM tasks WHERE status IN ${sqlList(['queued', ...BUSY, ...AT_GATE, ...IN_ERROR])}
         UNION ALL
         SELECT channel_id, status FROM tasks WHERE published_at >= ${MIDNIGHT_UTC}
       ) AS counted GROUP BY channel_id`,
    );
    return new Map(rows.map(({ channel_id, ...counts }) => [channel_id, counts]));
  }

  async tasksByStatus(): Promise<{ status: Status; count: number }[]> {
    return this.manager.query('SELECT status, count(*)::int AS count FROM tasks GROUP BY status');
  }

  /** Items that are not ready, of every task. */
  async unfinishedItems(): Promise<{ step: StepName; state: ArtifactState; count: number }[]> {
    return this.manager.query(
      `SELECT step, state, count(*)::int AS count FROM artifacts WHERE state IN ('due', 'running', 'failed') GROUP BY step, state`,
    );
  }

  /** Items of each step that could be made now and that nobody is making. */
  async waitingItems(): Promise<({ step: StepName } & Backlog)[]> {
    return this.manager.query(
      `SELECT step, ${backlogOf('next_at')} FROM artifacts AS item WHERE state = 'due' AND next_at <= now() AND ${wanted('item')} GROUP BY step`,
    );
  }

  /** What each provider has been paid since midnight UTC (USD), calls that were lost included. */
  async spentToday(): Promise<{ provider: string; usd: number }[]> {
    return this.manager.query(
      `SELECT provider, sum(amount_usd)::float8 AS usd FROM video_costs
       WHERE created_at >= ${MIDNIGHT_UTC} AND state IN ('billed', 'lost') GROUP BY provider`,
    );
  }

  async openAlerts(): Promise<{ kind: string; count: number }[]> {
    return this.manager.query(`SELECT kind, count(*)::int AS count FROM alerts WHERE state = 'open' GROUP BY kind`);
  }

  /** How long ago each service was last heard of (s). */
  async silences(): Promise<{ service: string; seconds: number }[]> {
    return this.manager.query('SELECT service, extract(epoch FROM now() - beat_at)::float8 AS seconds FROM heartbeats');
  }

  /** Events from outside that nobody has worked yet. */
  async inbox(): Promise<Backlog> {
    return this.backlog(`SELECT ${backlogOf('created_at')} FROM webhook_events WHERE handled_at IS NULL AND type <> 'handshake'`);
  }

  /** Jobs that are due and have not reached their queue. */
  async outbox(): Promise<Backlog> {
    return this.backlog(`SELECT ${backlogOf('not_before')} FROM outbox WHERE not_before <= now()`);
  }

  /** Tasks whose Notion row does not show their newest state. */
  async behindInNotion(): Promise<Backlog> {
    return this.backlog(`SELECT ${backlogOf('updated_at')} FROM tasks WHERE notion_page_id IS NOT NULL AND notion_version < version`);
  }

  private async backlog(query: string): Promise<Backlog> {
    const [row] = await this.manager.query<Backlog[]>(query);
    return row ?? { count: 0, oldestSeconds: 0 };
  }
}
