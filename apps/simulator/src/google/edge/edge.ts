import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { Dice } from '../../dice.js';
import { cutOff } from '../../faults/faults.js';
import { Settings, type NextAnswer } from '../settings.js';
import { refusalOf, serverError, suits, type Answer } from './answers.js';
import { CallCounts } from './call-counts.js';
import type { Call } from './calls.js';

/** A call as the edge sees it. */
export interface Asked {
  call: Call;
  /** For whom it is, as far as that can be known. */
  channelId: string | null;
  /** For a chunk: where it stands in its file, the end not included. */
  bytes?: { first: number; end: number };
}

/** In which way a call is answered. */
export interface Planned {
  answer: Answer;
  /** The byte of the file at which it happens; null: none was named. */
  atByte: number | null;
  /** A number from 0 to 1, without 1: how much of a chunk is kept. */
  chance: number;
}

/** What stands before Google and YouTube: it counts, and lets some calls fail. */
@Injectable()
export class Edge {
  private dice = new Dice(0);
  private next: { order: NextAnswer; left: number }[] = [];

  constructor(
    private readonly settings: Settings,
    private readonly counts: CallCounts,
  ) {
    settings.follow(({ seed, next }) => {
      this.dice = new Dice(seed);
      this.next = next.map((order) => ({ order, left: order.times }));
    });
  }

  /**
   * Lets a call in, or refuses it.
   * @returns in which way it is to be answered; null: in the usual one
   * @throws WireError when it is not to be served
   */
  enter(asked: Asked, request: Request, response: Response): Planned | null {
    const { call } = asked;
    this.counts.arrived(call);
    const planned = this.ordered(asked) ?? this.drawn(call);
    if (!planned) return null;
    const { answer, atByte } = planned;
    const isWhole = atByte === null || (answer === 'cut_after' && atByte === asked.bytes?.end);
    if (isWhole && (answer === 'cut_before' || answer === 'cut_after')) {
      cutOff(request, response);
      if (answer === 'cut_before') throw serverError(call, 503);
      return null;
    }
    const refusal = refusalOf(answer, call);
    if (refusal) throw refusal;
    return planned;
  }

  private ordered({ call, channelId, bytes }: Asked): Planned | null {
    const found = this.next.find(
      ({ order, left }) =>
        left > 0 &&
        order.on === call &&
        (order.channel_id === undefined || order.channel_id === channelId) &&
        (order.at_byte === undefined || isIn(order.at_byte, bytes)),
    );
    if (!found) return null;
    found.left--;
    return this.plan(found.order.answer, found.order.at_byte ?? null);
  }

  private drawn(call: Call): Planned | null {
    const { answers, keep } = this.settings.current;
    const shares = Object.entries(answers) as [Answer, number][];
    if (shares.length > 0) {
      let drawn = this.dice.throw(call);
      for (const [answer, share] of shares) {
        if (drawn < share) return suits(answer, call) ? this.plan(answer, null) : null;
        drawn -= share;
      }
    }
    return call === 'chunk' && this.dice.happens(keep, 'keep') ? this.plan('keep_less', null) : null;
  }

  private plan(answer: Answer, atByte: number | null): Planned {
    return { answer, atByte, chance: answer === 'keep_less' ? this.dice.throw('kept') : 0 };
  }
}

/** Whether a byte of the file comes with a chunk; the chunk's end counts, its beginning only at that of the file. */
function isIn(byte: number, bytes: Asked['bytes']): boolean {
  return bytes !== undefined && byte <= bytes.end && (byte > bytes.first || (byte === 0 && bytes.first === 0));
}
