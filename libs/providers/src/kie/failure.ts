import { type Failure, permanent, transient } from '#pipeline';

/** The window of KIE's limit of 20 new jobs; it answers 429 without saying how long to wait. */
const SUBMIT_WINDOW_MS = 10_000;

type Meaning = (base: { code: string; message: string }) => Failure;

/** KIE's codes, which come as the HTTP status or inside a body with HTTP 200 (docs.kie.ai, read 2026-11-20). */
const MEANINGS: Readonly<Record<number, Meaning>> = {
  401: (base) => permanent({ ...base, userMessage: 'KIE refused the key. Check KIE_API_KEY, then retry.' }),
  402: (base) => permanent({ ...base, userMessage: 'The KIE account has no credits left. Top it up, then retry.' }),
  404: (base) => permanent({ ...base, userMessage: 'KIE does not know this job any more. Ask for the clip to be made again.' }),
  422: (base) => permanent({ ...base, userMessage: `KIE did not accept the request: ${base.message}` }),
  429: (base) =>
    transient({
      ...base,
      userMessage: 'KIE takes fewer jobs at a time than were sent. It is tried again by itself.',
      retryAfterMs: SUBMIT_WINDOW_MS,
    }),
  433: (base) => permanent({ ...base, userMessage: "This KIE key's own limit is used up. Raise it in KIE's settings, then retry." }),
  455: (base) => transient({ ...base, userMessage: 'KIE is under maintenance. It is tried again by itself.' }),
  501: (base) =>
    permanent({
      ...base,
      userMessage: `The clip could not be made: ${base.message} Change the picture or the motion and ask for it again.`,
    }),
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
