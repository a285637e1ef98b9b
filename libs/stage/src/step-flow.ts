import { expectedUsd, type Settings } from '#config';
import type { ArtifactRow, Database, TaskRow } from '#database';
import {
  FIRST_STEP,
  Failure,
  RUN_AHEAD,
  STEPS,
  expectedMs,
  isAfter,
  isMadeFrom,
  permanent,
  stepInfo,
  type ItemKind,
  type StepInfo,
  type Storyboard,
} from '#pipeline';
import { closeStop, reportStop } from './incidents.js';
import { aheadTicket, announce, openTicket } from './tickets.js';
import type { Planned, StepHandler, TaskView } from './stage.js';

/** How a task moves from step to step. Every function takes the transaction in which the move is part of the commit that causes it. */

/** What it takes to open a step. */
export interface StepOpening<K extends ItemKind> {
  readonly task: TaskRow;
  readonly step: StepInfo & { item: K };
  readonly handler: StepHandler<K>;
  readonly view: TaskView;
  readonly settings: Settings;
}

/** Takes a queued task into work. */
export async function admit(tx: Database, task: TaskRow): Promise<void> {
  if (!(await tx.tasks.move(task.id, 'queued', 'claimed'))) return;
  // Until it is claimed it can be edited: another channel, another priority.
  await beginStep(tx, await tx.tasks.get(task.id), FIRST_STEP);
}

/** Writes the ticket that opens a step. */
export async function beginStep(tx: Database, task: TaskRow, step: StepInfo['name']): Promise<void> {
  const generation = await tx.tasks.nextStep(task.id, step);
  await tx.outbox.add([openTicket(task, step, generation)]);
  await announce(tx, task.id);
}

/** Opens a step: its items become artifacts that are due. A step that has nothing to make is complete at once. */
export async function openStep<K extends ItemKind>(tx: Database, opening: StepOpening<K>): Promise<void> {
  const { task, step, view } = opening;
  await planItems(tx, opening, false);
  if (step.name === RUN_AHEAD.from && view.channel.run_ahead) await runAhead(tx, task);
  const missing = (await tx.artifacts.ofStep(task.id, step.name)).filter(({ state }) => state !== 'ready');
  await tx.tasks.move(task.id, task.status, step.working, { stepOpened: true, itemsLeft: missing.length });
  await tx.artifacts.restart(task.id, step.name);
  if (missing.length === 0) await completeStep(tx, task.id, step);
  else await announce(tx, task.id);
}

/** Has the steps planned that may be worked ahead of their turn. */
export async function runAhead(tx: Database, task: TaskRow): Promise<void> {
  await tx.outbox.add(RUN_AHEAD.steps.map((step) => aheadTicket(task, step)));
}

/** Plans a step's items before its turn has come: they are made meanwhile, and are there when it comes. */
export async function openAhead<K extends ItemKind>(tx: Database, opening: StepOpening<K>): Promise<void> {
  const { task, step, view } = opening;
  if (task.step && isAfter(step.name, task.step) && view.channel.run_ahead) await planItems(tx, opening, true);
}

/** Writes down what a step has to make; what is there already is left as it is. */
async function planItems<K extends ItemKind>(
  tx: Database,
  { task, step, handler, view, settings }: StepOpening<K>,
  ahead: boolean,
): Promise<void> {
  const inputs = planned(handler, view, await storyboardOf(tx, task.id));
  await tx.artifacts.add(
    inputs.map((input, position) => ({
      channelId: task.channelId,
      taskId: task.id,
      step: step.name,
      kind: step.item,
      position,
      revision: 1,
      input,
      ahead,
      expectedMs: Math.round(expectedMs(step.item, input)),
      expectedUsd: expectedUsd(step.item, input, settings),
    })),
  );
}

/** A step's items. Planning is pure, so that whatever it throws it throws again. */
function planned<K extends ItemKind>(handler: StepHandler<K>, ...of: Parameters<StepHandler<K>['plan']>): Planned<K>[] {
  try {
    return handler.plan(...of);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw permanent({
      code: 'STEP_NOT_PLANNED',
      message: `The step cannot be planned: ${String(error)}`,
      userMessage:
        'The next step cannot be planned, which is a fault of ours; the log says more. Cancel the video, or retry after an update.',
      cause: error,
    });
  }
}

/** Moves a task on after the last item of its step: to the gate, to the next step, or to the end. */
export async function completeStep(tx: Database, taskId: string, step: StepInfo): Promise<void> {
  const task = await tx.tasks.get(taskId);
  if (step.ready && task.status !== step.working) return;
  if (step.ready) await tx.tasks.move(taskId, step.working, step.ready, step.next ? {} : { publishedAt: new Date() });
  if (step.gate) {
    if (step.ready && step.gate.waiting !== step.ready) await tx.tasks.move(taskId, step.ready, step.gate.waiting);
  } else if (step.next) {
    await beginStep(tx, task, step.next);
    return;
  }
  await announce(tx, taskId);
}

/** Stops a task at a failed item or step, with what the creator should do; the first failure of a step is the one that is told. */
export async function stopTask(
  tx: Database,
  taskId: string,
  step: StepInfo,
  failure: Failure,
  artifact: ArtifactRow | null,
): Promise<void> {
  const task = await tx.tasks.lock(taskId);
  if (task?.step !== step.name || task.status === step.error) return;
  // A step that cannot even be opened fails from the status before its own.
  if (task.status !== step.working) await tx.tasks.move(taskId, task.status, step.working);
  await tx.tasks.move(taskId, step.working, step.error, {
    failedArtifactId: artifact?.id ?? null,
    errorCode: failure.code,
    errorMessage: failure.userMessage,
  });
  await tx.auditLogs.add({
    channelId: task.channelId,
    taskId,
    actor: 'system',
    action: 'task_stopped',
    details: { step: step.name, code: failure.code, message: failure.message, artifact_id: artifact?.id ?? null },
  });
  await reportStop(tx, task, step, failure, artifact);
  await announce(tx, taskId);
}

/** Takes a task from its error status back to work: what is ready stays, what failed is due again with a full ladder of tries. */
export async function resumeTask(tx: Database, task: TaskRow, actor: string): Promise<void> {
  if (!task.step) return;
  const step = stepInfo(task.step);
  await tx.tasks.move(task.id, task.status, step.working, NO_ERROR);
  await closeStop(tx, task.id, actor);
  if (!task.stepOpened) {
    await beginStep(tx, task, step.name);
    return;
  }
  await tx.artifacts.restart(task.id, step.name);
  await announce(tx, task.id);
}

/** Gives a task up for now: it can be edited and queued again. What is ready stays; workers lose what they hold. */
export async function cancelTask(tx: Database, task: TaskRow, actor: string): Promise<void> {
  await tx.tasks.move(task.id, task.status, 'draft', { ...NO_ERROR, step: null, stepOpened: false, itemsLeft: 0 });
  await tx.artifacts.release(task.id);
  await closeStop(tx, task.id, actor);
  await announce(tx, task.id);
}

/**
 * Has items of the current or an earlier step made again, and with them everything that is made from them. The task goes back to the first step that
 * has something to do; what is not named and not made from what is named stays.
 * @returns the items that are made again
 */
export async function remake(tx: Database, task: TaskRow, named: readonly ArtifactRow[], actor: string): Promise<ArtifactRow[]> {
  const all = await tx.artifacts.ofTask(task.id);
  const again = all.filter((artifact) => named.some(({ id }) => id === artifact.id));
  // `again` grows while it is gone through: what is made from something that is made again is made again, too.
  for (const source of again) again.push(...all.filter((artifact) => !again.includes(artifact) && isMadeFrom(artifact, source)));
  const first = STEPS.find(({ name }) => again.some((artifact) => artifact.step === name));
  if (!first) return [];
  await tx.artifacts.revise(again);
  await tx.tasks.move(task.id, task.status, first.working, NO_ERROR);
  await closeStop(tx, task.id, actor);
  await beginStep(tx, task, first.name);
  return again;
}

const NO_ERROR = { failedArtifactId: null, errorCode: null, errorMessage: null };

/** The finished storyboard of a task, or null before it is written. */
async function storyboardOf(database: Database, taskId: string): Promise<Storyboard | null> {
  const [artifact] = await database.artifacts.ready(taskId, 'storyboard');
  return artifact?.result?.storyboard ?? null;
}
