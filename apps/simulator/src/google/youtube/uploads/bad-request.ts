import type { WireError } from '../../../answer.js';
import { GLOBAL, refused } from '../../errors.js';

/** A request that does not keep to the protocol of uploads. */
export function badRequest(message: string): WireError {
  return refused(400, 'badRequest', `Invalid request. ${message}`, { domain: GLOBAL });
}

/** @param most bytes */
export function tooLarge(most: number): WireError {
  return refused(413, 'uploadTooLarge', `Media is larger than ${most} bytes.`, { domain: GLOBAL });
}
