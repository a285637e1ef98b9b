import { SIMULATED_KEY } from '#providers/registry';
import { WireError } from '../answer.js';

/** KIE's codes and words. */
const CODES: Readonly<Record<number, string>> = {
  400: 'The request is malformed',
  401: 'You do not have access permissions',
  402: 'Credits insufficient',
  404: 'recordInfo is null',
  422: 'The request parameters are incorrect',
  429: 'Your call frequency is too high. Please try again later.',
  433: 'Request limit of this key exceeded',
  455: 'The service is under maintenance',
  500: 'Server exception, please try again later',
  501: 'Generation failed',
  505: 'This feature is disabled',
};

/** An error as KIE words it: by its code in the body, with HTTP 200 or with the same status. */
export function kieError(code: number, message = CODES[code] ?? 'error', status = 200): WireError {
  return new WireError(status, { code, msg: message, data: null });
}

/** @throws WireError 401 unless the key is the simulator's */
export function demandKey(authorization: string | undefined): void {
  if (authorization !== `Bearer ${SIMULATED_KEY}`) throw kieError(401, undefined, 401);
}

/** Errors that KIE can be made to answer with, by the name of their scenario: each code in both of its forms, and those of the network in front of it. */
export const KIE_ERRORS: Readonly<Record<string, () => WireError>> = Object.fromEntries([
  ...Object.keys(CODES).flatMap((code): [string, () => WireError][] => [
    [`code_${code}`, () => kieError(Number(code))],
    [`http_${code}`, () => kieError(Number(code), undefined, Number(code))],
  ]),
  ['browser_refused', () => new WireError(403, 'error code: 1010')],
  ['bad_gateway', () => new WireError(502, '<html>502 Bad Gateway</html>')],
  ['gateway_timeout', () => new WireError(524, '<html>A timeout occurred</html>')],
  ['no_data', () => new WireError(200, { code: 200, msg: 'success', data: null })],
  ['nonsense', () => new WireError(200, 'ok')],
]);

/** How a job can end other than well: KIE's code and words. */
export const JOB_FAILURES: Readonly<Record<string, { code: string; message: string }>> = {
  job_refused: { code: '422', message: 'The content may violate the usage policy' },
  job_broken: { code: '500', message: 'Internal error, please try again later' },
  job_failed: { code: '501', message: 'Generation failed' },
};
