import { kieFailure, nonsense, unreachable } from './failure.js';

/** Requests without one are turned away by the network in front of KIE. */
const USER_AGENT = 'Mozilla/5.0 (compatible; ai-video-generator)';
const REQUEST_TIMEOUT_MS = 60_000;

/** KIE's answers: an envelope whose code counts, around data that nobody has promised the shape of. */
export class KieApi {
  constructor(private readonly access: { baseUrl: string; apiKey: string }) {}

  /** One request of the API: its `data`, or the failure that its code means. */
  async ask(path: string, init: RequestInit): Promise<unknown> {
    const response = await this.fetch(this.access.baseUrl + path, {
      ...init,
      headers: {
        authorization: `Bearer ${this.access.apiKey}`,
        ...(typeof init.body === 'string' && { 'content-type': 'application/json' }),
      },
    });
    const text = await response.text().catch((cause: unknown) => {
      throw unreachable(cause);
    });
    const answer = record(jsonOf(text));
    // The code in the body counts: many errors come with HTTP 200.
    const code = typeof answer.code === 'number' ? answer.code : response.status;
    if (code !== 200) throw kieFailure(code, words(answer.msg) ?? words(answer.message) ?? (text.slice(0, 200) || 'no message'));
    if (answer.data === undefined || answer.data === null) throw nonsense('no data');
    return answer.data;
  }

  /** A request with the headers that KIE wants, to any address. */
  async fetch(url: string, init: RequestInit, timeoutMs = REQUEST_TIMEOUT_MS): Promise<Response> {
    const signal = AbortSignal.any([...(init.signal ? [init.signal] : []), AbortSignal.timeout(timeoutMs)]);
    try {
      return await fetch(url, { ...init, signal, headers: { 'user-agent': USER_AGENT, ...(init.headers as Record<string, string>) } });
    } catch (cause) {
      throw unreachable(cause);
    }
  }
}

/** A text that is not empty. */
export function words(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** The fields of an object from outside. */
export function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** Parsed JSON; undefined when it is none. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
