import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { operationOf } from '../faults/operations.js';
import { AtOnce } from './at-once.js';
import { Latency } from './latency.js';

/** A request that a provider received, and what became of it. */
export interface Entry {
  id: number;
  at: string;
  provider: string;
  operation: string;
  /** What it was about, as far as there are words. */
  text: string;
  status: number | 'lost';
  ms: number;
  usd: number;
  /** What was made or received, under `/files`. */
  file?: string;
}

/** Entries that are kept. */
const KEPT = 1_000;
/** Characters of a request's text that are kept. */
const EXCERPT = 300;

/** What providers make while the request is open; a clip is a job. */
const MADE_IN_A_REQUEST = ['storyboard', 'image', 'narration', 'sound_effect'];

/** Remembers what the providers received, for people to look at. */
@Injectable()
export class Traffic {
  private readonly entries: Entry[] = [];
  private readonly current = new AsyncLocalStorage<Entry>();
  private next = 1;

  constructor(
    private readonly latency: Latency,
    private readonly atOnce: AtOnce,
  ) {}

  list(after: number): readonly Entry[] {
    return this.entries.filter(({ id }) => id > after);
  }

  /** Adds to what is known of the request that is being served. */
  note(what: { usd?: number; file?: string }): void {
    const entry = this.current.getStore();
    if (!entry) return;
    entry.usd += what.usd ?? 0;
    if (what.file) entry.file = what.file;
  }

  /** Sits before every route, after the body has been read and before faults are injected. */
  readonly middleware = (request: Request, response: Response, next: NextFunction): void => {
    const operation = operationOf(request);
    if (!operation) {
      next();
      return;
    }
    const text = textOf(request.body);
    const since = Date.now();
    const entry: Entry = {
      id: 0,
      at: new Date().toISOString(),
      provider: operation.provider,
      operation: operation.operation,
      text: text.slice(0, EXCERPT),
      status: 'lost',
      ms: 0,
      usd: 0,
    };
    const ended = MADE_IN_A_REQUEST.includes(operation.operation) ? this.atOnce.begin(operation.provider) : () => undefined;
    response.on('close', () => {
      ended();
      entry.ms = Date.now() - since;
      if (response.writableFinished) entry.status = response.statusCode;
      // Numbered when it is over: whoever asks for what is new would otherwise never hear how it ended.
      entry.id = this.next++;
      this.entries.push(entry);
      if (this.entries.length > KEPT) this.entries.shift();
    });
    this.current.run(entry, () => {
      // A clip is submitted at once; what takes long is its job.
      const waitMs = operation.operation === 'clip' ? 0 : this.latency.of(operation.operation, text);
      if (waitMs === 0) next();
      else
        void sleep(waitMs).then(() => {
          next();
        });
    });
  };
}

/** The words of a request, wherever its provider wants them. */
function textOf(body: unknown): string {
  if (typeof body !== 'object' || body === null) return '';
  const { contents, messages, input, text, content, title } = body as Record<string, unknown>;
  const parts = [contents, messages].flatMap((list) =>
    Array.isArray(list) ? (list as { parts?: { text?: string }[]; content?: unknown }[]) : [],
  );
  const said = parts.flatMap((part) => (part.parts ? part.parts.map((piece) => piece.text) : [part.content]));
  const prompt = (input as { prompt?: unknown } | undefined)?.prompt;
  return [...said, prompt, text, content, title]
    .filter((words): words is string => typeof words === 'string')
    .join('\n')
    .trim();
}
