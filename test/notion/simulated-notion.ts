import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SIMULATED_KEY } from '#providers/registry';
import { Client, LogLevel } from '@notionhq/client';
import { startSimulator } from '../../apps/simulator/src/main.js';

/** A row as a person sees it. */
export interface ShownRow extends Record<string, unknown> {
  id: string;
  status: string | null;
  error: string | null;
  review: { name: string; url: string; size: number | null; sha256: string | null }[];
  properties: Record<string, unknown>;
  edited_by: { id: string; type: string; name: string };
}

/** The simulated Notion, with the SDK that talks to it and a person who works in it. */
export interface SimulatedNotion {
  url: string;
  notion: Client;
  /** @param more other settings of the SDK: another version, another token */
  connect(more?: NonNullable<ConstructorParameters<typeof Client>[0]>): Client;
  /** A request to the API as it goes over the wire. */
  raw(method: string, path: string, more?: { body?: string | object; headers?: Record<string, string> }): Promise<Response>;
  /** What a person does: a request below `/simulator/notion`. @throws Error when it is refused */
  person<T = unknown>(method: string, path: string, body?: object): Promise<T>;
  close(): Promise<void>;
}

export async function startNotion(): Promise<SimulatedNotion> {
  const { url, app } = await startSimulator({ port: 0 });
  const baseUrl = `${url}/notion`;
  const connect: SimulatedNotion['connect'] = (more = {}) =>
    new Client({ auth: SIMULATED_KEY, baseUrl, notionVersion: '2026-03-11', retry: false, logLevel: LogLevel.ERROR, ...more });
  return {
    url,
    notion: connect(),
    connect,
    raw: (method, path, { body, headers } = {}) =>
      fetch(`${baseUrl}/v1/${path}`, {
        method,
        headers: {
          authorization: `Bearer ${SIMULATED_KEY}`,
          'notion-version': '2026-03-11',
          ...(body && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    async person<T>(method: string, path: string, body?: object): Promise<T> {
      const init = body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
      const response = await fetch(`${url}/simulator/notion${path && `/${path}`}`, { method, ...init });
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
      return (text ? JSON.parse(text) : null) as T;
    },
    close: () => app.close(),
  };
}

/** What came to a receiver's door. */
export interface Received {
  headers: IncomingHttpHeaders;
  raw: string;
  body: Record<string, unknown>;
}

/** Somebody who is told what happens. */
export interface Receiver {
  url: string;
  received: Received[];
  /** What it answers, from now on. */
  status: number;
  close(): void;
}

export async function startReceiver(): Promise<Receiver> {
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request
      .on('data', (piece: Buffer) => pieces.push(piece))
      .on('end', () => {
        const raw = Buffer.concat(pieces).toString();
        receiver.received.push({ headers: request.headers, raw, body: JSON.parse(raw) as Record<string, unknown> });
        response.writeHead(receiver.status).end();
      });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received: [],
    status: 200,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
  return receiver;
}

/** Text as a request gives it. */
export const words = (content: string) => [{ text: { content } }];
