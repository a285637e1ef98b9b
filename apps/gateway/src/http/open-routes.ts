/** What may be asked without a token: liveness, readiness, the webhook, which is signed, and KIE's callback, whose address is a secret. */
const OPEN = /^\/(health|ready|webhook\/notion|webhook\/kie\/[^/]+)$/;

export function isOpen(path: string): boolean {
  return OPEN.test(path);
}

/** The two of them that tell of the gateway's state. */
export function isProbe(path: string): boolean {
  return path === '/health' || path === '/ready';
}
