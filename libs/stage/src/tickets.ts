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

/** What the Notion queue's jobs carry. */
export interface NotionJob {
  write_row: { task_id: string };
  read_page: { event_id: string };
  sweep_rows: Record<string, never>;
}

/** Writes the job that shows a task's newest state in its Notion row; nothing when it has none. Call it in the transaction that changed the task. */
export async function showInNotion(database: Database, taskId: string): Promise<void> {
  const task = await database.tasks.get(taskId);
  if (!task.notionPageId) return;
  const payload: NotionJob['write_row'] = { task_id: task.id };
  await database.outbox.add([
    { queue: NOTION_QUEUE, name: 'write_row', jobId: `${task.id}-v${task.version}`, payload, priority: ticketPriority(task.priority) },
  ]);
}

/** Tells everybody who shows a task that it has changed: its Notion row and live listeners. Call it in the transaction that changed the task. */
export async function announce(database: Database, taskId: string): Promise<void> {
  await showInNotion(database, taskId);
  await tellListeners(database, taskId);
}

/** Tells live listeners alone, of what its Notion row need not show: one more item is ready. */
export async function tellListeners(database: Database, taskId: string): Promise<void> {
  const { id, channelId, version } = await database.tasks.get(taskId);
  const payload: TaskNews = { task_id: id, channel_id: channelId, version };
  // An id of its own, and not the version's: a row that is on its way out must not swallow what is newer.
  await database.outbox.add([{ queue: NEWS, name: 'task_changed', jobId: `news-${randomUUID()}`, payload, priority: 1 }]);
}
