import { Failure, permanent, transient, wasNeverSent } from '#pipeline';

/** The window of KIE's limit of 20 new jobs; it answers 429 without saying how long to wait. */
const SUBMIT_WINDOW_MS = 10_000;

type Meaning = (base: { code: string; message: string }) => Failure;

/** KIE's codes, which come as the HTTP status or inside a body with HTTP 200 (docs.kie.ai, read 2026-11-20). */
const MEANINGS: Readonly<Record<number, Meaning>> = {
  401: (base) => permanent({ ...base, userMessage: 'KIE refused the key. Check KIE_API_KEY, then retry.' }),
  402: (base) => permanent({ ...base, userMessage: 'The KIE account has no credits left. Top it up, then retry.' }),
  404: (base) =>
    permanent({
      ...base,
      userMessage: 'KIE does not know this job any more. Retry the task: the clip is then submitted anew.',
      endsJob: true,
    }),
  422: (base) => permanent({ ...base, userMessage: `KIE did not accept the request: ${base.message}` }),
  429: (base) =>
    transient({
      ...base,
      userMessage: 'KIE takes fewer jobs at a time than were sent. It is tried again by itself.',
      retryAfterMs: SUBMIT_WINDOW_MS,
      rateLimited: true,
    }),
  433: (base) => permanent({ ...base, userMessage: "This KIE key's own limit is used up. Raise it in KIE's settings, then retry." }),
  455: (base) => transient({ ...base, userMessage: 'KIE is under maintenance. It is tried again by itself.' }),
  501: (base) => permanent({ ...base, userMessage: 'KIE cannot make this clip. Change the picture or the motion and ask for it again.' }),
  505: (base) => permanent({ ...base, userMessage: 'KIE has switched this model off. Choose another in KIE_CLIP_MODEL, then retry.' }),
};

/** What a code of KIE means. */
export function kieFailure(code: number, message: string): Failure {
  const base = { code: `KIE_${code}`, message: `KIE: ${code}: ${message}` };
  const meaning = MEANINGS[code];
  if (meaning) return meaning(base);
  if (code >= 500 || code === 408) return transient({ ...base, userMessage: 'KIE had an error of its own. It is tried again by itself.' });
  return permanent({ ...base, userMessage: `KIE did not accept the request: ${message}` });
}

/**
 * A job that ended without a clip. Permanent whatever its code: the job is over, so looking at it again can only say the same, and a new
 * one is billed anew.
 */
export function jobFailure(jobId: string, code: string | null, message: string): Failure {
  return permanent({
    code: 'KIE_JOB_FAILED',
    message: `KIE: ${jobId} failed with ${code ?? 'no code'}: ${message}`,
    userMessage: `KIE could not make the clip: ${message}. Retry the task to submit it anew, or ask for its picture to be made again.`,
    endsJob: true,
  });
}

const NONSENSE = 'KIE_NONSENSE';
/** A request may have arrived, its answer did not. */
const UNREACHABLE = 'KIE_UNREACHABLE';
/** A request that never left this machine. */
const NOT_REACHED = 'KIE_NOT_REACHED';

/** Whether a submission that failed so may have been accepted: with these statuses a proxy gave up waiting for KIE itself. */
export function isUndecided({ code }: Failure): boolean {
  return [UNREACHABLE, NONSENSE, 'KIE_408', 'KIE_502', 'KIE_504', 'KIE_520', 'KIE_524'].includes(code);
}

/** A submission of which nobody knows whether it was accepted. */
export function submissionUnknown(error: unknown): Failure {
  const cause = Failure.from(error);
  return permanent({
    code: 'KIE_SUBMIT_UNKNOWN',
    message: `The answer to a submission was lost: ${cause.message}`,
    userMessage: "KIE's answer was lost, so the clip may be running and billed. Look in KIE's log before it is submitted again.",
    billed: 'unknown',
    cause,
  });
}

/** A request without an answer. */
export function unreachable(cause: unknown): Failure {
  return transient({
    code: wasNeverSent(cause) ? NOT_REACHED : UNREACHABLE,
    message: `KIE did not answer: ${String(cause)}`,
    userMessage: 'KIE did not answer. It is tried again by itself.',
    cause,
  });
}

/** A clip that came only in part. */
export function brokenOff(how: string, cause?: unknown): Failure {
  return transient({
    code: 'KIE_DOWNLOAD_CUT',
    message: `The download of a clip broke off: ${how}`,
    userMessage: 'The download of a clip broke off. It is tried again by itself.',
    cause,
  });
}

/** Work that its caller ended. */
export function stopped(when: string, cause: unknown): Failure {
  return transient({
    code: 'STOPPED',
    message: `Stopped ${when}`,
    userMessage: 'The work was stopped; a clip that is being made is picked up by itself.',
    cause,
  });
}

/** An answer that is neither what was asked for nor one of KIE's errors. */
export function nonsense(what: string): Failure {
  return transient({
    code: NONSENSE,
    message: `KIE answered with ${what}`,
    userMessage: 'KIE answered with something unexpected. It is tried again by itself.',
  });
}
