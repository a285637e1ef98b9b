import { IsNull, type EntityManager } from 'typeorm';
import { AlertRow, DeadLetterRow } from '../entities/incidents.js';

export type NewDeadLetter = Omit<DeadLetterRow, 'id' | 'closedAt' | 'closedBy' | 'createdAt'>;

export class DeadLetters {
  constructor(private readonly manager: EntityManager) {}

  /** Adds one; a task that has an open one keeps that. */
  async add(letter: NewDeadLetter): Promise<void> {
    await this.manager.createQueryBuilder().insert().into(DeadLetterRow).values(letter).orIgnore().execute();
  }

  async find(id: string): Promise<DeadLetterRow | null> {
    return this.manager.findOneBy(DeadLetterRow, { id });
  }

  /** Closes a task's open letter: somebody has acted. */
  async close(taskId: string, closedBy: string): Promise<void> {
    await this.manager.update(DeadLetterRow, { taskId, closedAt: IsNull() }, { closedAt: () => 'now()', closedBy });
  }

  /** Newest first. */
  async list({ open, channelId, limit, offset }: { open?: boolean; channelId?: string; limit: number; offset: number }) {
    const [letters, total] = await this.manager.findAndCount(DeadLetterRow, {
      where: { ...(open && { closedAt: IsNull() }), ...(channelId && { channelId }) },
      order: { createdAt: 'DESC', id: 'DESC' },
      take: limit,
      skip: offset,
    });
    return { letters, total };
  }
}

/** What people are to be told. */
export interface Alert {
  kind: string;
  /** One incident, one key. */
  key: string;
  title: string;
  text: string;
  channelId?: string;
  taskId?: string;
}

/** Where alerts are told. */
export const ALERT_TARGETS = ['slack', 'discord'] as const;
export type AlertTarget = (typeof ALERT_TARGETS)[number];

/** The database's own clock counts: those of the hosts may differ. */
const inMs = (ms: number) => `now() + ${Math.round(ms)} * interval '1 millisecond'`;

export class Alerts {
  constructor(private readonly manager: EntityManager) {}

  /** Opens an incident, or renews one that is open; that is told again only if its text has changed. */
  async raise({ kind, key, title, text, channelId, taskId }: Alert): Promise<void> {
    await this.manager.query(
      `INSERT INTO alerts (kind, key, title, text, channel_id, task_id, state) VALUES ($1, $2, $3, $4, $5, $6, 'open')
       ON CONFLICT (key) WHERE state = 'open' DO UPDATE
       SET title = EXCLUDED.title, text = EXCLUDED.text, updated_at = now(),
           version = alerts.version + (alerts.text <> EXCLUDED.text)::int,
           deliver_at = CASE WHEN alerts.text <> EXCLUDED.text THEN now() ELSE alerts.deliver_at END`,
      [kind, key, title, text, channelId ?? null, taskId ?? null],
    );
  }

  /** Tells of something that has happened and needs no end. */
  async notice({ kind, key, title, text, channelId, taskId }: Alert): Promise<void> {
    await this.manager.insert(AlertRow, {
      kind,
      key,
      title,
      text,
      state: 'notice',
      channelId: channelId ?? null,
      taskId: taskId ?? null,
    });
  }

  /** The same, unless it was told of under that key before. */
  async noticeOnce(alert: Alert): Promise<void> {
    if (!(await this.manager.existsBy(AlertRow, { key: alert.key }))) await this.notice(alert);
  }

  /** Ends the open incident of that key, if there is one. */
  async resolve(key: string): Promise<void> {
    await this.manager
      .createQueryBuilder()
      .update(AlertRow)
      .set({ state: 'resolved', resolvedAt: () => 'now()', deliverAt: () => 'now()', version: () => 'version + 1' })
      .where({ key, state: 'open' })
      .execute();
  }

  /** Ends open incidents of a kind that have not been raised anew for that long (ms). */
  async resolveQuiet(kind: string, quietMs: number): Promise<void> {
    await this.manager
      .createQueryBuilder()
      .update(AlertRow)
      .set({ state: 'resolved', resolvedAt: () => 'now()', deliverAt: () => 'now()', version: () => 'version + 1' })
      .where({ kind, state: 'open' })
      .andWhere(`updated_at < now() - :quietMs * interval '1 millisecond'`, { quietMs })
      .execute();
  }

  /** Newest first. */
  async list({ state, limit, offset }: { state?: AlertRow['state']; limit: number; offset: number }) {
    const [alerts, total] = await this.manager.findAndCount(AlertRow, {
      where: { ...(state && { state }) },
      order: { createdAt: 'DESC', id: 'DESC' },
      take: limit,
      skip: offset,
    });
    return { alerts, total };
  }

  /** Takes alerts that one of the targets has not been told for this process, for that long (ms). */
  async takeUndelivered(targets: readonly AlertTarget[], holdMs: number, limit: number): Promise<AlertRow[]> {
    if (targets.length === 0) return [];
    const behind = targets.map((target) => `${target}_version < version`).join(' OR ');
    return this.manager.transaction(async (manager) => {
      const alerts = await manager
        .createQueryBuilder(AlertRow, 'alert')
        .where(`(${behind}) AND deliver_at <= now()`)
        .orderBy('deliver_at')
        .limit(limit)
        .setLock('pessimistic_write')
        .setOnLocked('skip_locked')
        .getMany();
      if (alerts.length > 0)
        await manager.update(
          AlertRow,
          alerts.map(({ id }) => id),
          { deliverAt: () => inMs(holdMs) },
        );
      return alerts;
    });
  }

  /** Remembers that a target was told a version. */
  async delivered(id: string, target: AlertTarget, version: number): Promise<void> {
    await this.manager.update(AlertRow, { id }, { [`${target}Version`]: version, deliveryAttempts: 0 });
  }

  /** Puts a delivery off after a failure. */
  async putOff(id: string, delayMs: number): Promise<void> {
    await this.manager.update(AlertRow, { id }, { deliverAt: () => inMs(delayMs), deliveryAttempts: () => 'delivery_attempts + 1' });
  }
}

export class Heartbeats {
  constructor(private readonly manager: EntityManager) {}

  /** Says that services are alive. */
  async beat(...services: string[]): Promise<void> {
    await this.manager.query(
      `INSERT INTO heartbeats (service) SELECT unnest($1::text[]) ON CONFLICT (service) DO UPDATE SET beat_at = now()`,
      [services],
    );
  }

  /** Begins to expect services that were never heard of. */
  async expect(services: readonly string[]): Promise<void> {
    await this.manager.query(`INSERT INTO heartbeats (service) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING`, [services]);
  }

  /** Every service, and whether it has been silent for longer than that (ms). */
  async list(silentMs: number): Promise<{ service: string; beatAt: Date; silent: boolean }[]> {
    const rows = await this.manager.query<{ service: string; beat_at: Date; silent: boolean }[]>(
      `SELECT service, beat_at, beat_at < now() - $1 * interval '1 millisecond' AS silent FROM heartbeats ORDER BY service`,
      [silentMs],
    );
    return rows.map(({ service, beat_at, silent }) => ({ service, beatAt: beat_at, silent }));
  }
}
