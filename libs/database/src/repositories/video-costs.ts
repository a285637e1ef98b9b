import type { CallState } from '#pipeline';
import { In, Not, type EntityManager } from 'typeorm';
import { VideoCostRow } from '../entities/video-cost.js';

/** A paid call that is about to be made. */
export type IntendedCall = Pick<VideoCostRow, 'channelId' | 'taskId' | 'artifactId' | 'provider' | 'operation' | 'amountUsd' | 'simulated'>;

/** What became of a paid call. */
export interface Settlement {
  state: Exclude<CallState, 'intended'>;
  /** What it cost in the end; left out, what was expected. */
  amountUsd?: number;
  providerJobId?: string;
  note?: string;
}

export interface CostFilter {
  channelId?: string;
  taskId?: string;
  artifactId?: string;
  state?: CallState;
  limit: number;
  offset: number;
}

/** What a channel's calls of one day came to. */
export interface DayOfCosts {
  channelId: string;
  /** UTC, `2026-11-21`. */
  day: string;
  calls: number;
  amountUsd: number;
  /** The part of it that was lost: paid, possibly, for nothing. */
  lostUsd: number;
}

/** States that cost money, or must be taken to. */
const SPENT: readonly CallState[] = ['billed', 'lost'];

export class VideoCosts {
  constructor(private readonly manager: EntityManager) {}

  /**
   * Writes a call down before it is made, as long as the item is its worker's: one statement, so that nobody can take it between the two. Null: it is not.
   * @throws when the item has another call that is open
   */
  async intend(call: IntendedCall, leaseToken: string): Promise<VideoCostRow | null> {
    const { channelId, taskId, artifactId, provider, operation, amountUsd, simulated } = call;
    const [row] = await this.manager.query<{ id: string; created_at: Date }[]>(
      `INSERT INTO video_costs (channel_id, task_id, artifact_id, provider, operation, amount_usd, simulated, state)
       SELECT $1, $2, held.id, $4, $5, $6, $7, 'intended'
       FROM (SELECT id FROM artifacts WHERE id = $3 AND lease_token = $8 AND state = 'running' FOR UPDATE) AS held
       RETURNING id, created_at`,
      [channelId, taskId, artifactId, provider, operation, amountUsd, simulated, leaseToken],
    );
    const open = { state: 'intended', providerJobId: null, note: null, settledAt: null } as const;
    return row ? { ...call, ...open, id: row.id, createdAt: row.created_at } : null;
  }

  async find(id: string): Promise<VideoCostRow | null> {
    return this.manager.findOneBy(VideoCostRow, { id });
  }

  /** Records what became of a call that was open, or was taken for lost. False: that was known already. */
  async settle(id: string, { state, amountUsd, providerJobId, note }: Settlement): Promise<boolean> {
    const result = await this.manager
      .createQueryBuilder()
      .update(VideoCostRow)
      .set({
        state,
        settledAt: () => 'now()',
        ...(amountUsd !== undefined && { amountUsd }),
        ...(providerJobId !== undefined && { providerJobId }),
        ...(note !== undefined && { note }),
      })
      .where({ id, state: In(state === 'billed' ? ['intended', 'lost'] : ['intended']) })
      .execute();
    return result.affected === 1;
  }

  /** Open calls of items that were replaced, older than that (ms). */
  async abandoned(olderThanMs: number): Promise<VideoCostRow[]> {
    return this.manager
      .createQueryBuilder(VideoCostRow, 'cost')
      .where(`cost.state = 'intended' AND cost.created_at < now() - :olderThanMs * interval '1 millisecond'`, { olderThanMs })
      .andWhere(`EXISTS (SELECT FROM artifacts WHERE artifacts.id = cost.artifact_id AND artifacts.state = 'superseded')`)
      .getMany();
  }

  /** Calls that were settled within that time (ms) and whose item nobody is making: nothing that they have left is needed any more. */
  async settledLately(withinMs: number): Promise<Pick<VideoCostRow, 'id' | 'channelId' | 'taskId'>[]> {
    return this.manager
      .createQueryBuilder(VideoCostRow, 'cost')
      .select(['cost.id', 'cost.channelId', 'cost.taskId'])
      .where(`cost.settled_at > now() - :withinMs * interval '1 millisecond'`, { withinMs })
      .andWhere(`NOT EXISTS (SELECT FROM artifacts WHERE artifacts.id = cost.artifact_id AND artifacts.state = 'running')`)
      .getMany();
  }

  /** What the calls of today (UTC) have cost or will, by channel (USD): those under way are counted as expected. */
  async spentToday(): Promise<Map<string, number>> {
    const rows = await this.manager.query<{ channel_id: string; usd: number }[]>(
      `SELECT channel_id, sum(amount_usd)::float8 AS usd FROM video_costs
       WHERE created_at >= date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AND state <> 'not_billed' GROUP BY channel_id`,
    );
    return new Map(rows.map(({ channel_id, usd }) => [channel_id, usd]));
  }

  /** What the calls for what tasks show have cost or will, by task (USD); the storyboard's own are not counted. */
  async spentOn(taskIds: readonly string[]): Promise<Map<string, number>> {
    const rows = await this.manager.query<{ task_id: string; usd: number }[]>(
      `SELECT video_costs.task_id, sum(amount_usd)::float8 AS usd FROM video_costs JOIN artifacts ON artifacts.id = video_costs.artifact_id
       WHERE video_costs.task_id = ANY($1) AND video_costs.state <> 'not_billed' AND artifacts.kind <> 'storyboard' GROUP BY video_costs.task_id`,
      [taskIds],
    );
    return new Map(rows.map(({ task_id, usd }) => [task_id, usd]));
  }

  /** What a task has cost so far (USD), calls that were lost included. */
  async ofTask(taskId: string): Promise<number> {
    return (await this.manager.sum(VideoCostRow, 'amountUsd', { taskId, state: In(SPENT) })) ?? 0;
  }

  /** What a task has spent, or may have, on items that had been paid for before (USD): everything beyond the first call of each. */
  async repeated(taskId: string): Promise<number> {
    const [row] = await this.manager.query<{ usd: string }[]>(
      `SELECT coalesce(sum(amount_usd), 0) AS usd FROM (
         SELECT amount_usd, row_number() OVER (PARTITION BY kind, position ORDER BY video_costs.created_at) AS nth
         FROM video_costs JOIN artifacts ON artifacts.id = video_costs.artifact_id
         WHERE video_costs.task_id = $1 AND video_costs.state <> 'not_billed') AS calls
       WHERE nth > 1`,
      [taskId],
    );
    return Number(row?.usd ?? 0);
  }

  /** What the latest call of an item costs (USD); 0 when nothing was paid for it. */
  async latestOf(artifactId: string): Promise<number> {
    const call = await this.manager.findOne(VideoCostRow, {
      where: { artifactId, state: Not('not_billed') },
      order: { createdAt: 'DESC' },
    });
    return call?.amountUsd ?? 0;
  }

  /** Newest first. */
  async list({ channelId, taskId, artifactId, state, limit, offset }: CostFilter): Promise<{ costs: VideoCostRow[]; total: number }> {
    const [costs, total] = await this.manager.findAndCount(VideoCostRow, {
      where: { ...(channelId && { channelId }), ...(taskId && { taskId }), ...(artifactId && { artifactId }), ...(state && { state }) },
      order: { createdAt: 'DESC', id: 'DESC' },
      take: limit,
      skip: offset,
    });
    return { costs, total };
  }

  /** What each channel has spent on each of the last days, newest first. */
  async byDay(days: number, channelId?: string): Promise<DayOfCosts[]> {
    const rows = await this.manager
      .createQueryBuilder(VideoCostRow, 'cost')
      .select('cost.channel_id', 'channel_id')
      .addSelect(`to_char(cost.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')`, 'day')
      .addSelect('count(*)::int', 'calls')
      .addSelect('sum(cost.amount_usd)', 'amount_usd')
      .addSelect(`sum(cost.amount_usd) FILTER (WHERE cost.state = 'lost')`, 'lost_usd')
      .where('cost.state IN (:...spent)', { spent: SPENT })
      .andWhere(`cost.created_at >= date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' - :days * interval '1 day'`, {
        days: days - 1,
      })
      .andWhere(channelId ? 'cost.channel_id = :channelId' : 'true', { channelId })
      .groupBy('1, 2')
      .orderBy('2', 'DESC')
      .addOrderBy('1')
      .getRawMany<{ channel_id: string; day: string; calls: number; amount_usd: string; lost_usd: string | null }>();
    return rows.map((row) => ({
      channelId: row.channel_id,
      day: row.day,
      calls: row.calls,
      amountUsd: Number(row.amount_usd),
      lostUsd: Number(row.lost_usd ?? 0),
    }));
  }
}
