import { STATUSES, type Status } from './statuses.js';
import { STEPS } from './stages.js';

/** Statuses in which nothing is owed and nothing runs any more. */
const FINAL: readonly Status[] = ['published'];

const legal = new Map<Status, Set<Status>>(STATUSES.map((status) => [status, new Set<Status>()]));

function allow(from: Status, to: Status): void {
  if (from !== to) legal.get(from)?.add(to);
}

allow('draft', 'queued');
allow('queued', 'claimed');
STEPS.forEach((step, index) => {
  const previous = STEPS[index - 1];
  const entry: Status = previous ? (previous.gate?.approved ?? previous.ready ?? previous.working) : 'claimed';
  allow(entry, step.working);
  allow(step.working, step.error);
  // A retry resumes where it failed: at the step itself.
  allow(step.error, step.working);
  if (step.ready) allow(step.working, step.ready);
  if (step.ready && step.gate) allow(step.ready, step.gate.waiting);
  if (step.gate) {
    allow(step.gate.waiting, step.gate.approved);
    allow(step.gate.waiting, step.working);
  }
  // What an earlier step made can be asked for again at a gate or after an error; after that of an upload only if nothing was sent, which `Gates` sees to.
  STEPS.slice(0, index).forEach(({ working }) => {
    if (step.gate) allow(step.gate.waiting, working);
    allow(step.error, working);
  });
});
// A cancelled task goes back to draft, where its row can be edited and queued again.
STATUSES.filter((status) => status !== 'draft' && status !== 'uploading' && !FINAL.includes(status)).forEach((status) =>
  allow(status, 'draft'),
);

/**
 * Every legal move of a task from one status to another, derived from the stage table: forwards, into a step's error status and
 * back on retry, back to work on a rejection, back to an earlier step whose items are made again, and back to draft on a cancel. The database holds the same list and refuses any other.
 */
export const TRANSITIONS: readonly (readonly [from: Status, to: Status])[] = [...legal].flatMap(([from, targets]) =>
  [...targets].map((to) => [from, to] as const),
);

export function isLegalTransition(from: Status, to: Status): boolean {
  return legal.get(from)?.has(to) ?? false;
}

/** Statuses of tasks that have been admitted and are not finished: what "in work" counts. */
export const IN_WORK: readonly Status[] = STATUSES.filter(
  (status) => !['draft', 'queued', 'published'].includes(status) && !status.endsWith('_error'),
);
