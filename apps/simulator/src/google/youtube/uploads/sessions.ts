import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../clock.js';
import { Settings } from '../../settings.js';
import type { ReadPart } from '../videos/video-view.js';
import type { Metadata } from '../videos/video.js';
import { KeptBytes } from './kept-bytes.js';

/** What an upload was announced as. */
export interface Announced {
  channelId: string;
  metadata: Metadata;
  /** Parts of the video that the one who uploads wants to see in the end. */
  parts: readonly ReadPart[];
  /** Bytes; null: the first request that brings some will tell. */
  total: number | null;
}

/** An upload on its way: what was announced, what has come of it, and what it became. */
export class UploadSession implements Announced {
  readonly kept = new KeptBytes();
  readonly channelId: string;
  readonly metadata: Metadata;
  readonly parts: readonly ReadPart[];
  total: number | null;
  /** Requests that came, questions too. */
  requests = 0;
  /** The answer to the request that brought the last byte: it is given again whenever the session is asked. */
  completion: { status: number; body: object } | null = null;
  private sender: symbol | null = null;

  /** @param until when it is known no more (ms since 1970) */
  constructor(
    announced: Announced,
    readonly openedAt: number,
    public until: number,
  ) {
    this.channelId = announced.channelId;
    this.metadata = announced.metadata;
    this.parts = announced.parts;
    this.total = announced.total;
  }

  /** Another request has come. One that is still bringing bytes is at its end: its client has given up on it. */
  interrupt(): void {
    this.requests++;
    if (this.sender) this.kept.breakOff();
    this.sender = null;
  }

  /** Begins to take bytes. @returns whether they are still wanted, to be asked before each piece */
  beginTaking(): () => boolean {
    const sender = Symbol('sender');
    this.sender = sender;
    return () => this.sender === sender;
  }

  endTaking(): void {
    this.sender = null;
  }
}

@Injectable()
export class Sessions {
  private readonly sessions = new Map<string, UploadSession>();

  constructor(
    private readonly clock: Clock,
    private readonly settings: Settings,
  ) {}

  open(announced: Announced): string {
    const id = randomBytes(24).toString('base64url');
    const now = this.clock.now();
    this.sessions.set(id, new UploadSession(announced, now, now + this.settings.current.session_seconds * 1_000));
    return id;
  }

  /** Null for one that never was or is known no more. */
  find(id: string): UploadSession | null {
    const session = this.sessions.get(id);
    return session && this.isKnown(session) ? session : null;
  }

  /** Lets sessions be known no more: those of a channel, or all. @returns how many */
  expire(channelId: string | null): number {
    const ended = this.all().filter((session) => this.isKnown(session) && (channelId === null || session.channelId === channelId));
    for (const session of ended) session.until = 0;
    return ended.length;
  }

  all(): UploadSession[] {
    return [...this.sessions.values()];
  }

  stateOf(session: UploadSession): 'expired' | 'done' | 'open' {
    if (!this.isKnown(session)) return 'expired';
    return session.completion ? 'done' : 'open';
  }

  private isKnown({ until }: UploadSession): boolean {
    return this.clock.now() < until;
  }
}
