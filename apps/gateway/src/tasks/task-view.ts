import type { ArtifactRow, Database, ReviewRow, TaskProgress, TaskRow } from '#database';
import { progressInWords, type Estimate, type StepName } from '#pipeline';
import { outlookView } from '../forecast/forecast.dto.js';
import type { Forecasts } from '../forecast/forecasts.js';
import type { PublicationView } from './evidence.dto.js';
import { publicationOf } from './evidence.js';
import type { TaskDetail, TaskItem, TaskReview, TaskSummary, TaskUpdate } from './task.dto.js';

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
    updated_at: task.updatedAt.toISOString(),
    published_at: task.publishedAt?.toISOString() ?? null,
  };
}

/** A task as live updates show it. */
export function updateOf({ task, ready, total, making }: TaskProgress): Fields<TaskUpdate> {
  const progress = task.step && task.stepOpened ? [stepProgress(task.step, ready, total), ...inTheMaking(making, total)] : [];
  return { ...summaryOf(task), progress: progress.join('; ') };
}

/** Everything there is to know of a task. */
export async function detailOf(database: Database, forecasts: Forecasts, task: TaskRow): Promise<TaskDetail> {
  const [artifacts, reviews, cost, publication, outlook] = await Promise.all([
    database.artifacts.ofTask(task.id),
    database.reviews.ofTask(task.id),
    database.costs.ofTask(task.id),
    publicationOf(database, task.id),
    forecasts.of(task),
  ]);
  return {
    ...summaryOf(task),
    topic: task.topic,
    story_direction: task.storyDirection,
    own_script: task.ownScript,
    estimate: estimateOf(artifacts),
    progress: progressOf(task, artifacts, publication),
    cost_usd: cost,
    forecast: outlook && outlookView(outlook),
    publish_at: task.publishAt?.toISOString() ?? null,
    thumbnail: task.thumbnail,
    youtube_url: youtubeUrl(artifacts),
    publication,
    items: artifacts.map(itemOf),
    reviews: reviews.map(reviewOf),
  };
}

/** What the storyboard comes to; null before it is written. */
function estimateOf(artifacts: readonly ArtifactRow[]): Estimate | null {
  const storyboard = artifacts.find(({ kind, state }) => kind === 'storyboard' && state === 'ready') as
    ArtifactRow<'storyboard'> | undefined;
  return storyboard?.result?.estimate ?? null;
}

/** How far the open step is, and what the video will come to: "cut 0/1; 63 %, 12 s left; 18 scenes, about 2:31, USD 7.20"; empty when none is open. */
export function progressOf(task: TaskRow, artifacts: readonly ArtifactRow[], publication: PublicationView | null): string {
  if (!task.step || !task.stepOpened) return '';
  const items = artifacts.filter(({ step }) => step === task.step);
  const ready = items.filter(({ state }) => state === 'ready').length;
  const estimate = estimateOf(artifacts);
  // What everything else waits for is worth a word only while nothing goes on.
  const isIdle = !items.some(({ state }) => state === 'running');
  const held = isIdle ? items.find(({ state, errorMessage }) => state === 'due' && errorMessage !== null) : undefined;
  return [
    stepProgress(task.step, ready, items.length),
    ...inTheMaking(items, items.length),
    ...(publication ? onYouTube(publication) : []),
    ...(held?.errorMessage ? [`waits: ${held.errorMessage}`] : []),
    ...(estimate ? [inWords(estimate)] : []),
  ].join('; ');
}

/** How far a video is on its way to YouTube, or what is still to come of one that is there. */
function onYouTube({ state, bytes, sent_bytes, publish_at, steps }: PublicationView): string[] {
  if (state === 'sending') return [`${Math.floor((100 * sent_bytes) / bytes)} % sent`];
  const isAhead = publish_at !== null && Date.parse(publish_at) > Date.now();
  const owed = steps.filter((step) => step.state === 'due' && step.error_code !== null).map(({ name }) => name);
  return [
    ...(isAhead ? [`appears on ${publish_at.slice(0, 16).replace('T', ' at ')} UTC`] : []),
    ...(owed.length > 0 ? [`still to come: ${owed.join(', ')}`] : []),
  ];
}

function stepProgress(step: StepName, ready: number, total: number): string {
  return `${step.replace('_', ' ')} ${ready}/${total}`;
}

/** How far those items are that take long; by name where the step has several. */
function inTheMaking(items: TaskProgress['making'], total: number): string[] {
  return items.flatMap(({ kind, position, progress }) => {
    const name = total > 1 ? `${kind.replace('_', ' ')} ${position + 1} ` : '';
    return progress ? [`${name}${progressInWords(progress)}`] : [];
  });
}

/** What the video will have cost when it is done (USD), everything made once; null before its storyboard is written. */
export function estimatedCost(artifacts: readonly ArtifactRow[]): number | null {
  const estimate = estimateOf(artifacts);
  const storyboard = artifacts.find(({ kind, state }) => kind === 'storyboard' && state === 'ready');
  return estimate && estimate.usd + (storyboard?.costUsd ?? 0);
}

function inWords({ scenes, seconds, usd }: Estimate): string {
  const length = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  return `${scenes} scenes, about ${length}, USD ${usd.toFixed(2)}`;
}

/** Where the video can be watched, once it is published. */
export function youtubeUrl(artifacts: readonly ArtifactRow[]): string | null {
  const publication = artifacts.find(({ kind, state }) => kind === 'publication' && state === 'ready') as
    ArtifactRow<'publication'> | undefined;
  return publication?.result?.url ?? null;
}

function itemOf(artifact: ArtifactRow): TaskItem {
  const { id, kind, position, revision, state, path, checksum, durationMs, progress, attempt, costUsd, findings, remade, errorMessage } =
    artifact;
  return {
    id,
    kind,
    position,
    revision,
    state,
    path,
    checksum,
    duration_ms: durationMs,
    progress,
    attempts: attempt,
    cost_usd: costUsd,
    findings,
    remade,
    error_message: errorMessage,
  };
}

function reviewOf({ gate, decision, reviewer, note, createdAt }: ReviewRow): TaskReview {
  return { gate, decision, reviewer, note, created_at: createdAt.toISOString() };
}
