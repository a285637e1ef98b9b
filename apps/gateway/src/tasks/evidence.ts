import type { Database, PublicationRow, PublicationStepRow, TaskRow } from '#database';
import type { Evidence, PublicationStepView, PublicationView } from './evidence.dto.js';

/** Everything that can be shown of a task. */
export async function evidenceOf(database: Database, task: TaskRow): Promise<Evidence> {
  const [{ key, settings }, files, reviews, log, publications] = await Promise.all([
    database.channels.get(task.channelId),
    database.artifacts.history(task.id),
    database.reviews.ofTask(task.id),
    database.auditLogs.ofTask(task.id),
    database.publications.ofTask(task.id),
  ]);
  return {
    task_id: task.id,
    title: task.title,
    channel: key,
    youtube_channel_id: settings.youtube.channel_id,
    files: files.map(({ id, kind, position, revision, state, checksum, bytes, simulated, updatedAt }) => ({
      id,
      kind,
      position,
      revision,
      state,
      checksum,
      bytes,
      simulated,
      made_at: updatedAt.toISOString(),
    })),
    reviews: reviews.map(({ gate, decision, reviewer, note, shown, createdAt }) => ({
      gate,
      decision,
      reviewer,
      note,
      shown,
      created_at: createdAt.toISOString(),
    })),
    log: log.map(({ actor, action, details, createdAt }) => ({ actor, action, details, created_at: createdAt.toISOString() })),
    publications: await Promise.all(
      publications.map(async (publication) => ({
        ...(await publicationView(database, publication)),
        checksum: publication.checksum,
        metadata: publication.metadata,
        shown: publication.shown,
        uploaded_at: at(publication.uploadedAt),
        cleaned_at: at(publication.cleanedAt),
      })),
    ),
  };
}

/** How far the publication of a task is; null before it is begun. */
export async function publicationOf(database: Database, taskId: string): Promise<PublicationView | null> {
  const publication = (await database.publications.ofTask(taskId)).at(-1);
  return publication ? publicationView(database, publication) : null;
}

type Fields<T> = { [K in keyof T]: T[K] };

async function publicationView(database: Database, publication: PublicationRow): Promise<Fields<PublicationView>> {
  const { state, bytes, sentBytes, videoId, privacy, publishAt, releasedAt, processedAt } = publication;
  const steps = await database.publications.steps(publication.id);
  return {
    state,
    bytes,
    sent_bytes: sentBytes,
    video_id: videoId,
    privacy,
    publish_at: at(publishAt),
    released_at: at(releasedAt),
    processed_at: at(processedAt),
    steps: steps.map(stepView),
  };
}

function stepView({ name, state, nextAt, errorCode, errorMessage }: PublicationStepRow): PublicationStepView {
  return { name, state, next_at: state === 'due' ? at(nextAt) : null, error_code: errorCode, error_message: errorMessage };
}

const at = (moment: Date | null) => moment?.toISOString() ?? null;
