import { GATED_STEPS, IN_WORK, STEPS, type Status } from '#pipeline';

/** Statuses in which items are made. */
export const WORKING = [...new Set(STEPS.map(({ working }) => working))];
/** Statuses in which a task waits for a person. */
export const AT_GATE: readonly Status[] = GATED_STEPS.map(({ gate }) => gate.waiting);
export const IN_ERROR = [...new Set(STEPS.map(({ error }) => error))];
/** Statuses in which machines work on a task; one that waits for a person keeps no machine busy. */
export const BUSY = IN_WORK.filter((status) => !AT_GATE.includes(status));

/** Statuses as an SQL list. Written out and not bound: the planner has to see that a partial index fits. */
export const sqlList = (statuses: readonly Status[]) => `(${statuses.map((status) => `'${status}'`).join(', ')})`;
