import { STATUSES, gateAt, GATED_STEPS, isLegalTransition, statusTitle, stepInfo, type Gate, type Status, type StepName } from '#pipeline';

/** What somebody has decided by setting a row's status. */
export type RowDecision =
  /** Nothing that is not so already. */
  | { act: 'none' }
  | { act: 'approve' | 'reject'; gate: Gate }
  | { act: 'queue' | 'retry' | 'cancel' }
  /** Not possible now; `why` is for whoever tried. */
  | { act: 'refuse'; why: string };

/** Where a task is. */
interface Place {
  status: Status;
  /** The step that is being worked, or failed. */
  step: StepName | null;
}

/**
 * What it means that a row's status was set to this one. A gate is passed by its approved status and sent back by its working status; Queued begins a
 * draft and tries again what failed; Draft cancels.
 */
export function decisionOf(set: Status, { status, step }: Place): RowDecision {
  if (set === status) return { act: 'none' };
  const failedStep = status.endsWith('_error') && step ? stepInfo(step) : null;
  if (set === 'draft')
    return isLegalTransition(status, 'draft')
      ? { act: 'cancel' }
      : { act: 'refuse', why: `It cannot be cancelled any more: ${itIs(status)}.` };
  if (set === 'queued' && status === 'draft') return { act: 'queue' };
  if (failedStep && (set === 'queued' || set === failedStep.working)) return { act: 'retry' };

  const approved = GATED_STEPS.find(({ gate }) => gate.approved === set);
  if (approved?.gate.waiting === status) return { act: 'approve', gate: approved.gate.waiting };
  // Somebody else was first and decided the same.
  if (approved && STATUSES.indexOf(status) > STATUSES.indexOf(set)) return { act: 'none' };
  const gate = gateAt(status);
  if (gate?.working === set) return { act: 'reject', gate: gate.gate.waiting };
  return { act: 'refuse', why: `It cannot be set to ${statusTitle(set)}: ${itIs(status)}. ${choicesAt(status)}` };
}

const itIs = (status: Status) => `the video is at ${statusTitle(status)}`;

/** What can be set at a status, in words. */
export function choicesAt(status: Status): string {
  const gate = gateAt(status);
  const choices = [
    ...(gate
      ? [`${statusTitle(gate.gate.approved)} to approve`, `${statusTitle(gate.working)} to have everything of this step made again`]
      : []),
    ...(status === 'draft' ? ['Queued to begin'] : []),
    ...(status.endsWith('_error') ? ['Queued to try again'] : []),
    ...(isLegalTransition(status, 'draft') ? ['Draft to cancel'] : []),
  ];
  return choices.length === 0 ? 'Nothing can be set now.' : `You can set ${choices.join(', ')}.`;
}
