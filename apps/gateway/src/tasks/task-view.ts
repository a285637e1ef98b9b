import type { ArtifactRow, Database, ReviewRow, TaskRow } from '#database';
import type { TaskDetail, TaskItem, TaskReview, TaskSummary } from './task.dto.js';

/** What a class of the wire holds, as a plain object. */
type Fields<T> = { [K in keyof T]: T[K] };

/** A task as a list shows it. */
export function summaryOf(task: TaskRow): Fields<TaskSummary> {
  return {
    id: task.id,
    channel_id: task.channelId,
    title: task.title,
    status: task.status,
    priority: task.priority,
    step: task.step,
    error_code: task.errorCode,
    error_message: task.errorMessage,
    notion_page_id: task.notionPageId,
    created_at: task.createdAt.toISOString(),
    published_at: task.publishedAt?.toISOString() ?? null,
  };
}

/** Everything there is to know of a task. */
export async function detailOf(database: Database, task: TaskRow): Promise<TaskDetail> {
  const [artifacts, reviews, cost] = await Promise.all([
    database.artifacts.ofTask(task.id),
    database.reviews.ofTask(task.id),
    database.costs.ofTask(task.id),
  ]);
  return {
    ...summaryOf(task),
    topic: task.topic,
    story_direction: task.storyDirection,
    progress: progressOf(task, artifacts),
    cost_usd: cost,
    youtube_url: youtubeUrl(artifacts),
    items: artifacts.map(itemOf),
    reviews: reviews.map(reviewOf),
  };
}

/** How far the open step is: "images 5/8"; empty when none is open. */
export function progressOf(task: TaskRow, artifacts: readonly ArtifactRow[]): string {
  if (!task.step || !task.stepOpened) return '';
  const items = artifacts.filter(({ step }) => step === task.step);
  const ready = items.filter(({ state }) => state === 'ready').length;
  return `${task.step.replace('_', ' ')} ${ready}/${items.length}`;
}

/** Where the video can be watched, once it is published. */
export function youtubeUrl(artifacts: readonly ArtifactRow[]): string | null {
  const publication = artifacts.find(({ kind, state }) => kind === 'publication' && state === 'ready') as
    ArtifactRow<'publication'> | undefined;
  return publication?.result?.url ?? null;
}

function itemOf(artifact: ArtifactRow): TaskItem {
  const { id, kind, position, revision, state, path, checksum, durationMs, attempt, costUsd, errorMessage } = artifact;
  return {
    id,
    kind,
    position,
    revision,
    state,
    path,
    checksum,
    duration_ms: durationMs,
    attempts: attempt,
    cost_usd: costUsd,
    error_message: errorMessage,
  };
}

function reviewOf({ gate, decision, reviewer, note, createdAt }: ReviewRow): TaskReview {
  return { gate, decision, reviewer, note, created_at: createdAt.toISOString() };
}
