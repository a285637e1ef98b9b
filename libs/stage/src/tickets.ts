import { randomUUID } from 'node:crypto';
import { ticketPriority, type ArtifactRow, type Database, type OutgoingJob, type TaskRow } from '#database';
import { NOTION_QUEUE, STAGES, stepInfo, type StepName, type Ticket } from '#pipeline';
import { NEWS, type TaskNews } from './news.js';

type Ticketed = Pick<TaskRow, 'id' | 'channelId' | 'priority' | 'requestId'>;

/** The ticket that opens a step: plans its items. */
export function openTicket(task: Ticketed, step: StepName, generation: number): OutgoingJob {
  return ticket('open', `${task.id}-${step}-g${generation}`, task, { step, generation });
}

/** The ticket that makes one item. */
export function makeTicket(task: Ticketed, artifact: Pick<ArtifactRow, 'id' | 'step' | 'generation' | 'nextAt'>): OutgoingJob {
  const { id, step, generation, nextAt } = artifact;
  return { ...ticket('make', `${id}-g${generation}`, task, { step, generation, artifact_id: id }), notBefore: nextAt };
}

function ticket(
  name: 'open' | 'make',
  jobId: string,
  task: Ticketed,
  what: Pick<Ticket, 'step' | 'generation' | 'artifact_id'>,
): OutgoingJob {
  const payload: Ticket = { task_id: task.id, channel_id: task.channelId, ...what, ...(task.requestId && { request_id: task.requestId }) };
  return { queue: STAGES[stepInfo(what.step).stage].queue, name, jobId, payload, priority: ticketPriority(task.priority) };
}

/** What the Notion queue's jobs carry, and how urgent they are: what people do comes before what they are shown. */
export interface NotionJob {
  /** Webhook events wait in the inbox. */
  work_inbox: Record<string, never>;
  /** A task's row has to show something new, or somebody may have decided something there. `progress`: only how far it is. */
  sync_row: { task_id: string; progress?: true };
  /** A new task's page may hold the creator's own narration. */
  read_script: { task_id: string };
  /** Rows may have changed of which no webhook told. */
  sweep_rows: Record<string, never>;
  /** Somebody may have paused a channel. */
  sync_channels: Record<string, never>;
  /** A reviewer needs something to look at. */
  show_review: { task_id: string };
  /** The page has to hold the storyboard. */
  show_storyboard: { task_id: string };
}

const NOTION_PRIORITIES: Readonly<Record<keyof NotionJob, number>> = {
  work_inbox: 1,
  read_script: 2,
  sync_row: 3,
  sync_channels: 3,
  sweep_rows: 4,
  show_review: 5,
  show_storyboard: 6,
};
/** Behind everything else: the next one comes anyway. */
const PROGRESS_PRIORITY = 7;
/**
 * How far a task is, its row is told no more often (ms): what happens within that time is shown together. Twenty videos in work then take at most 80 of the
 * 150 requests that Notion is asked in a minute, however much is told of each.
 */
const PROGRESS_EVERY_MS = 15_000;

/** A job of the Notion queue. The same id is the same job, as long as it waits. */
export function notionJob<N extends keyof NotionJob>(name: N, jobId: string, payload: NotionJob[N]): OutgoingJob {
  return { queue: NOTION_QUEUE, name, jobId, payload, priority: NOTION_PRIORITIES[name] };
}

/** Writes the job that shows a task's newest state in its Notion row; nothing when it has none. Call it in the transaction that changed the task. */
export async function showInNotion(database: Database, taskId: string): Promise<void> {
  const task = await database.tasks.get(taskId);
  if (task.notionPageId) await database.outbox.add([notionJob('sync_row', `${task.id}-v${task.version}`, { task_id: task.id })]);
}

/** Tells everybody who shows a task that it has changed: its Notion row and live listeners. Call it in the transaction that changed the task. */
export async function announce(database: Database, taskId: string): Promise<void> {
  await showInNotion(database, taskId);
  await tellListeners(database, taskId);
}

/** Tells everybody that a task is further: live listeners at once, the row once in a while. Call it in the transaction that records how far. */
export async function announceProgress(database: Database, taskId: string): Promise<void> {
  await showProgress(database, taskId);
  await tellListeners(database, taskId);
}

async function showProgress(database: Database, taskId: string): Promise<void> {
  const task = await database.tasks.get(taskId);
  if (!task.notionPageId) return;
  const job = notionJob('sync_row', `${task.id}-progress`, { task_id: task.id, progress: true });
  await database.outbox.add([{ ...job, priority: PROGRESS_PRIORITY, notBefore: new Date(Date.now() + PROGRESS_EVERY_MS) }]);
}

/** Tells live listeners alone of a task, whose row shows it already. */
export async function tellListeners(database: Database, taskId: string): Promise<void> {
  const { id, channelId, version } = await database.tasks.get(taskId);
  const payload: TaskNews = { task_id: id, channel_id: channelId, version };
  // An id of its own, and not the version's: a row that is on its way out must not swallow what is newer.
  await database.outbox.add([{ queue: NEWS, name: 'task_changed', jobId: `news-${randomUUID()}`, payload, priority: 1 }]);
}
