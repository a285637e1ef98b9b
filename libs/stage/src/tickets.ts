import { randomUUID } from 'node:crypto';
import type { ArtifactRow, Database, OutgoingJob, TaskRow, WaitingItem } from '#database';
import { NOTION_QUEUE, PRIORITIES, STAGES, stepInfo, type Priority, type StepName, type Ticket } from '#pipeline';
import { NEWS, type TaskNews } from './news.js';

type Ticketed = Pick<TaskRow, 'id' | 'channelId' | 'priority' | 'requestId'>;

/** What a ticket's place in its queue follows from. */
export interface TicketPlace {
  readonly priority: Priority;
  /** Virtual time in its lane (s). */
  readonly tag: number;
  /** This product makes the item itself. */
  readonly isLocal: boolean;
}

/** Places in a queue for each urgency; BullMQ has 2^21 - 1 in all, of which six urgencies take three quarters. */
const PLACES = 2 ** 18;

/**
 * BullMQ's priority for a ticket, from 1, less is sooner; every job has one, because jobs without jump the line. What has a place at a provider comes before what
 * only this machine is needed for: the place is paid for in waiting time of others.
 */
export function placeInQueue({ priority, tag, isLocal }: TicketPlace): number {
  const urgency = PRIORITIES.indexOf(priority) + (isLocal ? PRIORITIES.length : 0);
  return urgency * PLACES + Math.min(1 + Math.floor(Math.max(tag, 0)), PLACES);
}

/** The id of an item's ticket: another one for each issue, so that what an older one has left behind cannot swallow it. */
export function ticketId({ id, generation }: Pick<ArtifactRow, 'id' | 'generation'>): string {
  return `${id}-g${generation}`;
}

/** The ticket that opens a step: plans its items. */
export function openTicket(task: Ticketed, step: StepName, generation: number): OutgoingJob {
  const { id: task_id, channelId: channel_id, requestId } = task;
  const payload: Ticket = { task_id, channel_id, step, generation, ...(requestId && { request_id: requestId }) };
  const priority = placeInQueue({ priority: task.priority, tag: 0, isLocal: false });
  return { queue: STAGES[stepInfo(step).stage].queue, name: 'open', jobId: `${task_id}-${step}-g${generation}`, payload, priority };
}

/** The ticket that plans a step's items before its turn has come. */
export function aheadTicket(task: Ticketed & Pick<TaskRow, 'stepGeneration'>, step: StepName): OutgoingJob {
  const ticket = openTicket(task, step, task.stepGeneration);
  return { ...ticket, jobId: `${task.id}-${step}-ahead-g${task.stepGeneration}`, payload: { ...ticket.payload, ahead: true } };
}

/** The ticket that makes one item. */
export function makeTicket(item: WaitingItem, place: TicketPlace): OutgoingJob {
  const { id: artifact_id, taskId: task_id, channelId: channel_id, step, generation, requestId } = item;
  const payload: Ticket = { task_id, channel_id, step, generation, artifact_id, ...(requestId && { request_id: requestId }) };
  return { queue: STAGES[stepInfo(step).stage].queue, name: 'make', jobId: ticketId(item), payload, priority: placeInQueue(place) };
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

/** What is told of a task. */
type Announced = Pick<TaskRow, 'id' | 'channelId' | 'version' | 'notionPageId'>;

/** Writes the job that shows a task's newest state in its Notion row; nothing when it has none. Call it in the transaction that changed the task. */
export async function showInNotion(database: Database, taskId: string): Promise<void> {
  await database.outbox.add(shownInNotion(await database.tasks.get(taskId)));
}

/** Tells everybody who shows a task that it has changed: its Notion row and live listeners. Call it in the transaction that changed the task. */
export async function announce(database: Database, taskId: string): Promise<void> {
  const task = await database.tasks.get(taskId);
  await database.outbox.add([...shownInNotion(task), told(task)]);
}

/** Tells everybody that a task is further: live listeners at once, the row once in a while. Call it in the transaction that records how far. */
export async function announceProgress(database: Database, taskId: string): Promise<void> {
  await announceProgressOf(database, await database.tasks.get(taskId));
}

/** The same of a task that was just read. */
export async function announceProgressOf(database: Database, task: Announced): Promise<void> {
  const job = notionJob('sync_row', `${task.id}-progress`, { task_id: task.id, progress: true });
  const shown = { ...job, priority: PROGRESS_PRIORITY, notBefore: new Date(Date.now() + PROGRESS_EVERY_MS) };
  await database.outbox.add([...(task.notionPageId ? [shown] : []), told(task)]);
}

/** Tells live listeners alone of a task, whose row shows it already. */
export async function tellListeners(database: Database, taskId: string): Promise<void> {
  await database.outbox.add([told(await database.tasks.get(taskId))]);
}

function shownInNotion({ id, version, notionPageId }: Announced): OutgoingJob[] {
  return notionPageId ? [notionJob('sync_row', `${id}-v${version}`, { task_id: id })] : [];
}

function told({ id, channelId, version }: Announced): OutgoingJob {
  const payload: TaskNews = { task_id: id, channel_id: channelId, version };
  // An id of its own, and not the version's: a row that is on its way out must not swallow what is newer.
  return { queue: NEWS, name: 'task_changed', jobId: `news-${randomUUID()}`, payload, priority: 1 };
}
