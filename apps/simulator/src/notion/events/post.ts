import { createHmac } from 'node:crypto';

/** How long an answer is waited for (ms). */
const PATIENCE_MS = 10_000;

/** Sends a body, byte for byte. @returns the status of the answer; null when there was none */
export async function post(url: string, body: string, headers: Readonly<Record<string, string>>): Promise<number | null> {
  const sent = { 'content-type': 'application/json', 'user-agent': 'notion-api', ...headers };
  const response = await fetch(url, { method: 'POST', headers: sent, body, signal: AbortSignal.timeout(PATIENCE_MS) }).catch(() => null);
  // The connection can be used again only when the answer has been read.
  await response?.arrayBuffer().catch(() => null);
  return response?.status ?? null;
}

/** Notion's signature over the bytes of a body. */
export function signed(body: string, token: string): Record<string, string> {
  return { 'x-notion-signature': `sha256=${createHmac('sha256', token).update(body).digest('hex')}` };
}

export function isTaken(status: number | null): boolean {
  return status !== null && status >= 200 && status < 300;
}
