import { SIMULATED_KEY } from '#providers/registry';
import { WireError } from '../../answer.js';
import type { Consent } from './grants.js';
import { isScope, type Scope } from './scopes.js';

/** A query of which each name counts once. */
export type Query = Readonly<Record<string, string | string[] | undefined>>;

/** What a client asks people to agree to. */
export interface ConsentRequest extends Omit<Consent, 'channelId'> {
  state: string;
}

const LOOPBACK_OR_HTTPS = /^https:\/\/|^http:\/\/(localhost|127\.0\.0\.1|\[::1\])[:/]/;

/** @throws WireError for what Google shows an error page for, instead of sending people back */
export function readConsentRequest(query: Query): ConsentRequest {
  const { client_id: clientId, redirect_uri: redirectUri = '', response_type: type, state = '' } = only(query);
  if (clientId !== SIMULATED_KEY) throw errorPage(401, 'invalid_client');
  if (!LOOPBACK_OR_HTTPS.test(redirectUri)) throw errorPage(400, 'redirect_uri_mismatch');
  if (type !== 'code') throw errorPage(400, 'invalid_request: response_type must be code');
  const { scope = '', access_type: access, prompt = '', code_challenge: text, code_challenge_method: method = 'plain' } = only(query);
  const scopes = scope.split(' ').filter(Boolean);
  if (scopes.length === 0) throw errorPage(400, 'invalid_request: Missing required parameter: scope');
  if (!scopes.every((one): one is Scope => isScope(one))) throw errorPage(400, `invalid_scope: ${scope}`);
  if (!['S256', 'plain'].includes(method)) throw errorPage(400, 'invalid_request: code_challenge_method must be S256 or plain');
  return {
    redirectUri,
    state,
    scopes,
    challenge: text ? { text, isHashed: method === 'S256' } : null,
    isLasting: access === 'offline' && prompt.split(' ').includes('consent'),
  };
}

/** The page on which a channel is chosen, or the consent denied. */
export function consentPage(query: Query, channelIds: readonly string[]): string {
  const link = (choice: Record<string, string>, words: string) =>
    `<a href="?${new URLSearchParams({ ...only(query), ...choice }).toString().replaceAll('&', '&amp;')}">${words}</a>`;
  const channels = channelIds.map((id) => `<li>${link({ channel_id: id, approve: '1' }, id)}</li>`);
  return `<!doctype html><title>Choose a channel</title><h1>Choose a channel</h1><ul>${channels.join('')}</ul><p>${link({ deny: '1' }, 'Cancel')}</p>`;
}

/** Where people are sent back to, with an answer. */
export function backTo({ redirectUri, state }: ConsentRequest, answer: Record<string, string>): string {
  const url = new URL(redirectUri);
  for (const [name, value] of Object.entries({ state, ...answer })) url.searchParams.set(name, value);
  return url.toString();
}

export function only(query: Query): Record<string, string> {
  const pairs = Object.entries(query).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value] as const] : []));
  return Object.fromEntries(pairs);
}

function errorPage(status: number, error: string): WireError {
  return new WireError(status, `Error ${status}: ${error}`);
}
