import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { operationOf } from './operations.js';

export const FAULT_KINDS = [
  /** The provider refuses because of too many requests. Nothing is billed. */
  'rate_limited',
  /** The provider refuses because of a fault of its own. Nothing is billed. */
  'server_error',
  /** The request never reaches the provider; the client waits and then loses its connection. Nothing is billed. */
  'timed_out',
  /** The provider serves the request, and bills it; its answer never reaches the client. */
  'cut',
  /** The provider turns the request down for good: the same again would be turned down, too. Nothing is billed. */
  'refused',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];
export type PassingFault = Exclude<FaultKind, 'refused'>;

export interface FaultSettings {
  /** The same seed lets the same requests fail. */
  seed: number;
  /** Share of the requests that fail in passing, 0 to 1. */
  rate: number;
  /** Share of the requests that are refused for good, 0 to 1. */
  refusals: number;
  kinds: readonly PassingFault[];
  /** How long a request that times out is held (ms). */
  holdMs: number;
  /** Operations that can fail; null: all. */
  operations: readonly string[] | null;
}

export interface InjectedFault {
  provider: string;
  operation: string;
  kind: FaultKind;
  /** Whether the request was billed, though its answer was cut off. */
  billed: boolean;
  at: string;
}

/** Lets requests fail, reproducibly: whether one does follows from the seed, its content and how often it was sent before, not from its time. */
@Injectable()
export class Faults {
  private settings: FaultSettings | null = null;
  private readonly sent = new Map<string, number>();
  private readonly injected: InjectedFault[] = [];
  private readonly serving = new AsyncLocalStorage<InjectedFault>();

  set(settings: FaultSettings | null): void {
    this.settings = settings;
    this.sent.clear();
  }

  list(): { settings: FaultSettings | null; injected: readonly InjectedFault[] } {
    return { settings: this.settings, injected: this.injected };
  }

  /** Called for everything that is billed: whether the answer to the request that is being served will be cut off. */
  isCut(usd: number): boolean {
    const fault = this.serving.getStore();
    if (fault?.kind !== 'cut') return false;
    fault.billed ||= usd > 0;
    return true;
  }

  /** Sits before every route, after the body has been read. */
  readonly middleware = (request: Request, response: Response, next: NextFunction): void => {
    const operation = operationOf(request);
    const kind = operation && this.draw(operation.operation, contentOf(request));
    if (!operation || !kind) {
      next();
      return;
    }
    const fault: InjectedFault = {
      provider: operation.provider,
      operation: operation.operation,
      kind,
      billed: false,
      at: new Date().toISOString(),
    };
    this.injected.push(fault);
    if (kind === 'cut') {
      cutOff(request, response);
      this.serving.run(fault, next);
    } else if (kind === 'timed_out') {
      setTimeout(() => request.socket.destroy(), this.settings?.holdMs ?? 0);
    } else {
      const { status, body, headers = {} } = operation.refuse(kind);
      response.status(status).set(headers).send(body);
    }
  };

  private draw(operation: string, content: string): FaultKind | null {
    if (!this.settings || this.settings.operations?.includes(operation) === false) return null;
    const { seed, rate, refusals, kinds } = this.settings;
    const times = this.sent.get(content) ?? 0;
    this.sent.set(content, times + 1);
    const hash = createHash('sha256').update(`${seed} ${times} ${content}`).digest();
    const drawn = hash.readUInt32BE(0) / 2 ** 32;
    if (drawn >= 1 - refusals) return 'refused';
    if (drawn >= rate) return null;
    return kinds[hash.readUInt32BE(4) % kinds.length] ?? null;
  }
}

/** What a request is about, without what is new in every run: addresses and ids. */
function contentOf(request: Request): string {
  const body = typeof request.body === 'object' ? JSON.stringify(request.body) : '';
  const text = `${request.method} ${request.path} ${request.get('content-range') ?? ''} ${body}`;
  return text.replace(/https?:\/\/[^"\s]+/g, '').replace(/[\w-]{20,}/g, '');
}

/** The route is served to its end, but nothing that it says leaves the machine. */
export function cutOff(request: Request, response: Response): void {
  response.write = () => true;
  response.end = () => {
    request.socket.destroy();
    return response;
  };
}
