import { Injectable } from '@nestjs/common';
import { WireError } from '../answer.js';

/** An answer that somebody has ordered. */
interface Order {
  operation: string;
  answer: string;
  /** Requests that still get it. */
  times: number;
  /** Only requests whose text holds this. */
  contains: string;
}

/** A text can order its own answer: `a whale sim:blocked_prompt`. */
const MARKER = /\bsim:([a-z0-9_]+)/;

/** Answers other than the usual one, ordered in advance or by a marker in the request's own text: how tests meet what rarely happens. */
@Injectable()
export class Scenarios {
  private readonly known = new Map<string, readonly string[]>();
  private orders: Order[] = [];

  /** Says which answers an operation can give; called once by whoever plays it. */
  declare(operation: string, answers: readonly string[]): void {
    this.known.set(operation, answers);
  }

  /** @throws WireError when there is no such answer */
  order({ operation, answer, times, contains }: Order): void {
    const answers = this.known.get(operation);
    if (!answers) throw new WireError(400, { message: `operation must be one of ${[...this.known.keys()].join(', ')}` });
    if (!answers.includes(answer)) throw new WireError(400, { message: `answer must be one of ${answers.join(', ')}` });
    this.orders.push({ operation, answer, times, contains });
  }

  clear(): void {
    this.orders = [];
  }

  list(): { answers: Record<string, readonly string[]>; orders: readonly Order[] } {
    return { answers: Object.fromEntries(this.known), orders: this.orders };
  }

  /** The answer that a request gets instead of the usual one; null: the usual one. */
  take(operation: string, text: string): string | null {
    const marked = MARKER.exec(text)?.[1];
    if (marked && this.known.get(operation)?.includes(marked)) return marked;
    const order = this.orders.find((candidate) => candidate.operation === operation && text.includes(candidate.contains));
    if (!order) return null;
    order.times -= 1;
    if (order.times <= 0) this.orders = this.orders.filter((candidate) => candidate !== order);
    return order.answer;
  }
}
