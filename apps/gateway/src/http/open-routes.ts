/** Where a browser gets Google's consent for a channel. */
export const CONSENT_PATH = 'oauth/youtube';

/**
 * What may be asked without a token: liveness, readiness, the webhook, which is signed, and what is reached by a secret: KIE's callback and a consent's pages.
 */
const OPEN = new RegExp(`^/(health|ready|webhook/notion|webhook/kie/[^/]+|${CONSENT_PATH}/(start/[^/]+|callback))$`);

export function isOpen(path: string): boolean {
  return OPEN.test(path);
}

/** The two of them that tell of the gateway's state. */
export function isProbe(path: string): boolean {
  return path === '/health' || path === '/ready';
}
