import type { EntityManager } from 'typeorm';

/** A Google project's day: who counts, and in which day of Pacific time (`2026-11-25`). */
export interface QuotaDay {
  readonly project: string;
  readonly day: string;
}

/** What a project may use in a day. */
export interface QuotaLimits {
  readonly uploads: number;
  readonly units: number;
}

/** A day's use so far, and what it will still take. */
export interface QuotaUse {
  readonly uploadsUsed: number;
  readonly unitsUsed: number;
  readonly uploadsRefusedUntil: Date | null;
  readonly unitsRefusedUntil: Date | null;
  /** Requests by name. */
  readonly calls: Record<string, number>;
  /** Videos whose upload has begun and that are not released. */
  readonly inFlight: number;
  /** Videos that are approved and whose upload has not begun. */
  readonly waiting: number;
}

/** SQL: videos whose upload has begun and that are not released. */
const IN_FLIGHT = `(SELECT count(*)::int FROM publications AS flying JOIN tasks ON tasks.id = flying.task_id
  WHERE flying.state IN ('sending', 'uploaded') AND flying.session_encrypted IS NOT NULL AND tasks.status = 'uploading' AND tasks.step = 'publication')`;
/** SQL: videos that are approved and not published. */
const PUBLISHING = `(SELECT count(*)::int FROM tasks WHERE step = 'publication' AND status IN ('approved', 'uploading'))`;

export class YouTubeQuotaDays {
  constructor(private readonly manager: EntityManager) {}

  /**
   * Spends units for a request, if there are so many beside those that are kept.
   * @param keepEach units that are kept for every upload that is under way, or can still begin on that day
   * @returns whether they were spent
   */
  async spend(
    { project, day }: QuotaDay,
    { call, units, keepEach, limits, now }: { call: string; units: number; keepEach: number; limits: QuotaLimits; now: Date },
  ): Promise<boolean> {
    await this.begin({ project, day });
    const [, spent] = await this.manager.query<[unknown, number]>(
      `UPDATE youtube_quota_days SET units_used = units_used + $3, ${counted('$4')}, updated_at = now()
       WHERE project = $1 AND day = $2 AND (units_refused_until IS NULL OR units_refused_until <= $8)
         AND units_used + $3 + $5::int * (${IN_FLIGHT} + greatest(least(${PUBLISHING} - ${IN_FLIGHT}, $7 - uploads_used), 0)) <= $6`,
      [project, day, units, call, keepEach, limits.units, limits.uploads, now],
    );
    return spent === 1;
  }

  /**
   * Spends an upload, if there is one left and the units that its release will take.
   * @param releaseUnits what every upload that is under way still needs
   */
  async spendUpload(
    { project, day }: QuotaDay,
    { releaseUnits, limits, now }: { releaseUnits: number; limits: QuotaLimits; now: Date },
  ): Promise<boolean> {
    await this.begin({ project, day });
    const [, spent] = await this.manager.query<[unknown, number]>(
      `UPDATE youtube_quota_days SET uploads_used = uploads_used + 1, ${counted(`'videos.insert'`)}, updated_at = now()
       WHERE project = $1 AND day = $2 AND uploads_used < $3 AND units_used + $4::int * (${IN_FLIGHT} + 1) <= $5
         AND (uploads_refused_until IS NULL OR uploads_refused_until <= $6)`,
      [project, day, limits.uploads, releaseUnits, limits.units, now],
    );
    return spent === 1;
  }

  /** Takes back what was counted for a request that has cost nothing. */
  async giveBack({ project, day }: QuotaDay, { call, units, uploads }: { call: string; units: number; uploads: number }): Promise<void> {
    await this.manager.query(
      `UPDATE youtube_quota_days SET units_used = greatest(units_used - $4, 0), uploads_used = greatest(uploads_used - $5, 0), ${counted('$3', -1)},
         updated_at = now()
       WHERE project = $1 AND day = $2`,
      [project, day, call, units, uploads],
    );
  }

  /** What YouTube has said counts for more than what was counted here. */
  async refused({ project, day }: QuotaDay, what: 'uploads' | 'units', until: Date): Promise<void> {
    await this.begin({ project, day });
    await this.manager.query(
      `UPDATE youtube_quota_days SET ${what}_refused_until = greatest(${what}_refused_until, $3), updated_at = now() WHERE project = $1 AND day = $2`,
      [project, day, until],
    );
  }

  async use({ project, day }: QuotaDay): Promise<QuotaUse> {
    const [row] = await this.manager.query<QuotaUse[]>(
      `SELECT coalesce(uploads_used, 0) AS "uploadsUsed", coalesce(units_used, 0) AS "unitsUsed",
         uploads_refused_until AS "uploadsRefusedUntil", units_refused_until AS "unitsRefusedUntil", coalesce(calls, '{}') AS calls,
         ${IN_FLIGHT} AS "inFlight", greatest(${PUBLISHING} - ${IN_FLIGHT}, 0) AS waiting
       FROM (SELECT) AS one LEFT JOIN youtube_quota_days ON project = $1 AND day = $2`,
      [project, day],
    );
    if (!row) throw new Error('A query without a condition gave no row');
    return row;
  }

  /** Steps of every kind that wait, of released videos and of those on their way. */
  async owedSteps(): Promise<{ name: string; count: number }[]> {
    return this.manager.query(`SELECT name, count(*)::int AS count FROM publication_steps WHERE state = 'due' GROUP BY name`);
  }

  private async begin({ project, day }: QuotaDay): Promise<void> {
    await this.manager.query('INSERT INTO youtube_quota_days (project, day) VALUES ($1, $2) ON CONFLICT DO NOTHING', [project, day]);
  }
}

/** SQL: one more, or one less, of a request. */
const counted = (call: string, step: 1 | -1 = 1) =>
  `calls = jsonb_set(calls, ARRAY[${call}::text], to_jsonb(greatest(coalesce((calls ->> ${call}::text)::int, 0) + ${step}, 0)))`;
