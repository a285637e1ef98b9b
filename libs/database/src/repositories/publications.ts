import type { PublicationStepName, YouTubeVideo } from '#pipeline';
import { In, LessThanOrEqual, QueryFailedError, type EntityManager } from 'typeorm';
import { PublicationRow, PublicationStepRow } from '../entities/youtube.js';
import { notPaused } from './channels.js';

export type NewPublication = Pick<
  PublicationRow,
  'channelId' | 'taskId' | 'artifactId' | 'checksum' | 'bytes' | 'metadata' | 'privacy' | 'publishAt'
>;

/** A step that is due, and the video that it is for. */
export interface DueStep {
  readonly step: PublicationStepRow;
  readonly publication: PublicationRow & { videoId: string };
}

/** By whichever clock. */
const AT_ONCE = new Date(0);
const UNIQUE_VIOLATION = '23505';

export class Publications {
  constructor(private readonly manager: EntityManager) {}

  /** The publication of an artifact with its steps, as it is to be now; once something was sent, it stays as it was begun. */
  async begin(publication: NewPublication, steps: readonly PublicationStepName[]): Promise<PublicationRow> {
    const { artifactId } = publication;
    return this.manager.transaction(async (manager) => {
      await manager.createQueryBuilder().insert().into(PublicationRow).values(publication).orIgnore().execute();
      const begun = await manager.findOneOrFail(PublicationRow, { where: { artifactId }, lock: { mode: 'pessimistic_write' } });
      if (begun.sessionEncrypted !== null || begun.videoId !== null) return begun;
      const within = new Publications(manager);
      await within.change(begun.id, publication);
      await manager.delete(PublicationStepRow, { publicationId: begun.id });
      await within.addSteps(begun.id, steps, AT_ONCE);
      return manager.findOneByOrFail(PublicationRow, { artifactId });
    });
  }

  async addSteps(publicationId: string, names: readonly PublicationStepName[], nextAt: Date): Promise<void> {
    if (names.length === 0) return;
    await this.manager
      .createQueryBuilder()
      .insert()
      .into(PublicationStepRow)
      .values(names.map((name) => ({ publicationId, name, nextAt })))
      .orIgnore()
      .execute();
  }

  /** The publication of an artifact of which something was sent already. */
  async sent(artifactId: string): Promise<PublicationRow | null> {
    const publication = await this.manager.findOneBy(PublicationRow, { artifactId });
    return publication && (publication.sessionEncrypted !== null || publication.videoId !== null) ? publication : null;
  }

  /** All publications of a task, oldest first: more than one only where a person had its video sent anew. */
  async ofTask(taskId: string): Promise<PublicationRow[]> {
    return this.manager.find(PublicationRow, { where: { taskId }, order: { createdAt: 'ASC' } });
  }

  async steps(publicationId: string): Promise<PublicationStepRow[]> {
    return this.manager.find(PublicationStepRow, { where: { publicationId } });
  }

  async change(id: string, change: Parameters<EntityManager['update']>[2] & Partial<PublicationRow>): Promise<void> {
    await this.manager.update(PublicationRow, { id }, { ...change, updatedAt: new Date() });
  }

  /** A new upload session; what went into an earlier one counts no more. */
  async sessionOpened(id: string, sessionEncrypted: string): Promise<void> {
    await this.change(id, { sessionEncrypted, sentBytes: 0, endingAt: null, state: 'sending', searches: 0 });
  }

  /** Says that YouTube has the video. False: another one was recorded before. */
  async uploaded(id: string, videoId: string): Promise<boolean> {
    const result = await this.manager
      .createQueryBuilder()
      .update(PublicationRow)
      .set({ state: 'uploaded', videoId, uploadedAt: () => 'now()', sentBytes: () => 'bytes' })
      .where('id = :id AND (video_id IS NULL OR video_id = :videoId)', { id, videoId })
      .execute();
    return result.affected === 1;
  }

  /** Whether any of these videos is recorded here. */
  async known(videoIds: readonly string[]): Promise<Set<string>> {
    const rows = await this.manager.find(PublicationRow, { where: { videoId: In([...videoIds]) }, select: { videoId: true } });
    return new Set(rows.flatMap(({ videoId }) => videoId ?? []));
  }

  /** Takes a moment of the channel's schedule. False: another video of it has that moment. */
  async takeSlot({ id, channelId }: PublicationRow, publishAt: Date): Promise<boolean> {
    try {
      const [, taken] = await this.manager.query<[unknown, number]>(
        `UPDATE publications SET publish_at = $3, from_schedule = true, updated_at = now() WHERE id = $1
           AND NOT EXISTS (SELECT FROM publications AS other WHERE other.channel_id = $2 AND other.publish_at = $3 AND other.from_schedule)`,
        [id, channelId, publishAt],
      );
      return taken === 1;
    } catch (error) {
      if (error instanceof QueryFailedError && (error.driverError as { code?: string }).code === UNIQUE_VIOLATION) return false;
      throw error;
    }
  }

  /** Says that the video is as the channel wants it, and what is to be looked at from now on. */
  async released(id: string, shown: YouTubeVideo): Promise<void> {
    await this.change(id, { state: 'released', shown, releasedAt: new Date() });
  }

  /** Takes steps of released videos that are due at that moment for this process, for that long (ms). */
  async takeSteps(now: Date, holdMs: number, limit: number): Promise<DueStep[]> {
    const [taken] = await this.manager.query<[{ publicationId: string; name: PublicationStepName }[], number]>(
      `UPDATE publication_steps AS step SET attempt = attempt + 1, next_at = $1::timestamptz + $2 * interval '1 millisecond'
       WHERE (publication_id, name) IN (
         SELECT due.publication_id, due.name FROM publication_steps AS due JOIN publications AS publication ON publication.id = due.publication_id
         WHERE due.state = 'due' AND due.next_at <= $1 AND publication.state = 'released' AND ${notPaused('publication')}
         ORDER BY due.next_at LIMIT $3 FOR UPDATE OF due SKIP LOCKED)
       RETURNING publication_id AS "publicationId", name`,
      [now, holdMs, limit],
    );
    if (taken.length === 0) return [];
    const rows = await this.manager.findBy(PublicationRow, { id: In(taken.map(({ publicationId }) => publicationId)) });
    const publications = new Map(rows.map((row) => [row.id, row]));
    const steps = await this.manager.find(PublicationStepRow, { where: taken });
    return steps.flatMap((step) => {
      const publication = publications.get(step.publicationId);
      return publication && hasVideo(publication) ? [{ step, publication }] : [];
    });
  }

  async stepDone({ publicationId, name }: Pick<PublicationStepRow, 'publicationId' | 'name'>): Promise<void> {
    await this.manager.update(
      PublicationStepRow,
      { publicationId, name },
      { state: 'done', doneAt: () => 'now()', errorCode: null, errorMessage: null },
    );
  }

  /** Puts a step off, or gives it up where there is no moment to try it again. */
  async stepFailed(
    { publicationId, name }: Pick<PublicationStepRow, 'publicationId' | 'name'>,
    error: { code: string; message: string } | null,
    nextAt: Date | null,
  ): Promise<void> {
    await this.manager.update(
      PublicationStepRow,
      { publicationId, name, state: 'due' },
      {
        ...(nextAt ? { nextAt } : { state: 'given_up' as const, doneAt: () => 'now()' }),
        errorCode: error?.code ?? null,
        errorMessage: error?.message ?? null,
      },
    );
  }

  /** Makes steps of a channel due at once that wait for one of these reasons. */
  async wakeSteps(channelId: string, errorCodes: readonly string[]): Promise<void> {
    await this.manager.query(
      `UPDATE publication_steps SET next_at = now() WHERE state = 'due' AND error_code = ANY($2)
         AND publication_id IN (SELECT id FROM publications WHERE channel_id = $1)`,
      [channelId, errorCodes],
    );
  }

  /** Publications whose files are no longer needed: YouTube plays the video since before that moment, and every step has come to its end. */
  async uncleaned(before: Date, limit: number): Promise<PublicationRow[]> {
    return this.manager
      .createQueryBuilder(PublicationRow, 'publication')
      .where({ state: 'released', processedAt: LessThanOrEqual(before) })
      .andWhere('publication.cleaned_at IS NULL')
      .andWhere(
        `NOT EXISTS (SELECT FROM publication_steps WHERE publication_id = publication.id AND state = 'due' AND name IN ('thumbnail', 'captions', 'processing'))`,
      )
      .orderBy('publication.processed_at')
      .limit(limit)
      .getMany();
  }
}

function hasVideo(publication: PublicationRow): publication is PublicationRow & { videoId: string } {
  return publication.videoId !== null;
}
