import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { Dice } from '../../dice.js';
import { NotionError, REQUEST_ID } from '../errors.js';
import { Settings, type Answer, type NextAnswer } from '../settings.js';
import { refuse } from './answers.js';
import { RateLimit } from './rate-limit.js';
import { RequestCounts } from './request-counts.js';

/** What stands before Notion's API: it counts, holds back what is too much, and lets some requests fail. */
@Injectable()
export class Edge {
  private readonly planned = new WeakMap<Request, Answer>();
  private dice = new Dice(0);
  private next: { order: NextAnswer; left: number }[] = [];

  constructor(
    private readonly settings: Settings,
    private readonly limit: RateLimit,
    private readonly counts: RequestCounts,
  ) {
    settings.follow(({ seed, next }) => {
      this.dice = new Dice(seed);
      this.next = next.map((order) => ({ order, left: order.times }));
    });
  }

  /** Sits before every route of the API, and before faults are injected. */
  readonly middleware = (request: Request, response: Response, next: NextFunction): void => {
    const now = Date.now();
    const kind = `${request.method} ${request.path.replace(IDS, '{id}')}`;
    response.setHeader(REQUEST_ID, randomUUID());
    response.on('finish', () => {
      this.counts.answered(response.statusCode);
    });
    this.counts.arrived(kind, now);
    try {
      this.limit.take(request.headers.authorization ?? '', now);
    } catch (error) {
      if (!(error instanceof NotionError)) throw error;
      error.send(response);
      return;
    }
    const answer = this.ordered(request) ?? this.drawn(kind);
    if (refuse(answer, response)) return;
    if (answer) this.planned.set(request, answer);
    next();
  };

  /** In which way a request that is served is answered; null: in the usual one. */
  answerTo(request: Request): Answer | null {
    return this.planned.get(request) ?? null;
  }

  private ordered(request: Request): Answer | null {
    const found = this.next.find(
      ({ order, left }) =>
        left > 0 && (order.method === undefined || order.method === request.method) && request.path.includes(order.path ?? ''),
    );
    if (!found) return null;
    found.left--;
    return found.order.answer;
  }

  private drawn(kind: string): Answer | null {
    const shares = Object.entries(this.settings.current.answers) as [Answer, number][];
    if (shares.length === 0) return null;
    let drawn = this.dice.throw(kind);
    for (const [answer, share] of shares) {
      if (drawn < share) return answer;
      drawn -= share;
    }
    return null;
  }
}
const IDS = /[\da-f]{8}-?[\da-f]{4}-?[\da-f]{4}-?[\da-f]{4}-?[\da-f]{12}/gi;
