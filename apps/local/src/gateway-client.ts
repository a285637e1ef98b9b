import type { Estimate, ItemKind, Status, StepName } from '#pipeline';

/** The parts of a task that the demo shows, as the API answers them. */
export interface DemoTask {
  id: string;
  status: Status;
  title: string;
  step?: StepName;
  cost_usd: number;
  estimate?: Estimate;
  error_message?: string;
  youtube_url?: string;
  items: { id: string; kind: ItemKind; revision: number; state: string; path?: string; checksum?: string; duration_ms?: number }[];
}

/**
 * Talks to a gateway (or the simulator) in JSON; answers other than 2xx become errors that quote the answer.
 * @param apiToken the gateway's, where it wants one
 */
export async function call<T>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, body?: object, apiToken?: string): Promise<T> {
  const response = await fetch(url, {
    method,
    headers: { ...(body && { 'content-type': 'application/json' }), ...(apiToken && { authorization: `Bearer ${apiToken}` }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url} answered ${response.status}: ${text}`);
  const answer = (text ? JSON.parse(text) : {}) as { data?: T };
  return answer.data ?? (answer as T);
}
