import { createHmac, timingSafeEqual } from 'node:crypto';

/** A callback that is older or comes from further ahead is refused: somebody may have kept it (s). */
const FRESH_SECONDS = 300;

/** Whether a callback is signed with the account's key. Only the job's id and the moment are signed: the rest of the body proves nothing. */
export function isCallbackSigned(callback: {
  jobId: string;
  /** The header X-Webhook-Timestamp (Unix seconds). */
  timestamp: string | undefined;
  /** The header X-Webhook-Signature. */
  signature: string | undefined;
  key: string;
}): boolean {
  const { jobId, timestamp = '', signature = '', key } = callback;
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(Date.now() / 1_000 - Number(timestamp)) > FRESH_SECONDS) return false;
  const wanted = createHmac('sha256', key).update(`${jobId}.${timestamp}`).digest();
  const given = Buffer.from(signature, 'base64');
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
