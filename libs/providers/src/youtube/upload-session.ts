import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Failure, reached, transient } from '#pipeline';
import { patiently } from '../patience.js';
import { failureOfResponse } from './failure.js';

/** The protocol wants pieces of a multiple of this (bytes). */
const UNIT = 256 * 1024;
const ASK_TIMEOUT_MS = 30_000;
/** What a piece is refused with that does not begin where the session is. */
const BAD_PIECE = 'YOUTUBE_BAD_REQUEST';
/** Pieces that the server answers with no new byte stored, before it is taken for broken. */
const IDLE_ROUNDS = 5;

/** What a session knows: how far it is (bytes), the video it became, or nothing any more. */
export type SessionState = { state: 'open'; received: number } | { state: 'done'; videoId: string } | { state: 'gone' };

/** What whoever sends a file is told on the way, and waited for. */
export interface SendingEvents {
  /** The next piece is the last: from now on there may be a video that nobody has told us of. */
  ending(): Promise<void>;
  /** So many bytes are at YouTube. */
  sent(bytes: number): Promise<void>;
}

/**
 * YouTube's resumable upload, from https://developers.google.com/youtube/v3/guides/using_resumable_upload_protocol: pieces that follow each other;
 * the session always says what it has, and answers with the video once it is whole.
 */
export class UploadSession {
  /** @param address a secret: whoever knows it can send */
  constructor(
    readonly address: string,
    private readonly send: (url: string, init: RequestInit) => Promise<Response>,
  ) {}

  /** How far it is. A finished one answers with its video, as often as it is asked. */
  async ask(bytes: number): Promise<SessionState> {
    return patiently(async () => stateOf(await this.put(`bytes */${bytes}`, null, AbortSignal.timeout(ASK_TIMEOUT_MS))));
  }

  /**
   * Sends a file from `offset` on, piece by piece; goes on from what the server says it kept, which may be less than was sent.
   * @param pieceBytes rounded down to what the protocol allows
   * @returns the video, or that the session has ended under way
   * @throws Failure when the connection breaks or the server refuses; the session then knows how far it is
   */
  async sendFile(
    path: string,
    { offset, pieceBytes, signal, events }: { offset: number; pieceBytes: number; signal: AbortSignal; events: SendingEvents },
  ): Promise<Exclude<SessionState, { state: 'open' }>> {
    const { size } = await stat(path);
    const piece = Math.max(UNIT, pieceBytes - (pieceBytes % UNIT));
    let sent = offset;
    for (let idle = 0; idle < IDLE_ROUNDS;) {
      signal.throwIfAborted();
      const end = Math.min(sent + piece, size);
      if (end === size) await events.ending();
      reached('bytes_sending');
      const state = await this.sendPiece(path, { from: sent, end, size }, signal);
      reached('bytes_sent');
      if (state.state !== 'open') return state;
      await events.sent(state.received);
      idle = state.received > sent ? 0 : idle + 1;
      sent = state.received;
    }
    throw transient({
      code: 'YOUTUBE_UPLOAD_BROKEN',
      message: `The upload stopped at byte ${sent} of ${size}`,
      userMessage: 'The upload broke off. It goes on by itself.',
    });
  }

  /** Sends one piece. When its answer is lost, only the session knows what has come of it. */
  private async sendPiece(
    path: string,
    { from, end, size }: { from: number; end: number; size: number },
    signal: AbortSignal,
  ): Promise<SessionState> {
    try {
      return await stateOf(await this.put(`bytes ${from}-${end - 1}/${size}`, await pieceOf(path, from, end), signal));
    } catch (error) {
      const failure = Failure.from(error);
      if (signal.aborted || !(failure.kind === 'transient' || failure.code === BAD_PIECE)) throw error;
      const state = await this.ask(size);
      // A piece that is refused although it is the right one would be refused for ever.
      if (failure.code === BAD_PIECE && state.state === 'open' && state.received === from) throw error;
      return state;
    }
  }

  private put(range: string, body: Buffer<ArrayBuffer> | null, signal: AbortSignal): Promise<Response> {
    return this.send(this.address, { method: 'PUT', headers: { 'content-range': range, 'content-type': 'video/mp4' }, body, signal });
  }
}

async function stateOf(response: Response): Promise<SessionState> {
  if (response.status === 308) {
    // No Range header: nothing was kept. The docs show it with and without "bytes=".
    const last = /(\d+)$/.exec(response.headers.get('range') ?? '')?.[1];
    return { state: 'open', received: last === undefined ? 0 : Number(last) + 1 };
  }
  if (response.status === 404 || response.status === 410) return { state: 'gone' };
  if (response.status !== 200 && response.status !== 201) throw await failureOfResponse(response);
  const { id } = (await response.json().catch(() => ({}))) as { id?: unknown };
  if (typeof id === 'string' && id !== '') return { state: 'done', videoId: id };
  throw transient({
    code: 'YOUTUBE_NONSENSE',
    message: 'A finished upload without a video id',
    userMessage: 'YouTube answered with something unexpected. It is asked again by itself.',
  });
}

async function pieceOf(path: string, start: number, end: number): Promise<Buffer<ArrayBuffer>> {
  const read: Buffer[] = [];
  for await (const part of createReadStream(path, { start, end: end - 1 }) as AsyncIterable<Buffer>) read.push(part);
  return Buffer.concat(read);
}
