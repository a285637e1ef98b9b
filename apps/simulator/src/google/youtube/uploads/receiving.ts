import type { Request } from 'express';
import type { Planned } from '../../edge/edge.js';
import { badRequest } from './bad-request.js';
import type { ContentRange } from './content-range.js';
import { UNIT } from './kept-bytes.js';
import type { UploadSession } from './sessions.js';

type Chunk = Extract<ContentRange, { asks: false }>;

/** What becomes of a chunk's bytes; places count over the whole file. */
interface Plan {
  /** What comes from here on is not kept. */
  keepTo: number;
  /** Here the connection is cut; null: it is not. */
  cutAt: number | null;
}

/** @throws WireError when a chunk does not go on where the session is, or is no multiple of 256 KiB although more follows */
export function checkChunk({ kept, total }: UploadSession, chunk: Chunk, request: Request): void {
  const { first, end } = chunk;
  if (total !== null && total !== chunk.total) throw badRequest(`The upload was announced with ${total} bytes, not ${chunk.total}.`);
  if (first !== kept.length)
    throw badRequest(
      `According to the Content-Range header, the upload offset is ${first} byte(s), but ${kept.length} byte(s) are uploaded.`,
    );
  if (end !== chunk.total && (end - first) % UNIT !== 0)
    throw badRequest(`There were ${end - first} byte(s) in the request. All chunks but the last must be multiples of ${UNIT} bytes.`);
  const length = request.get('content-length');
  if (length !== undefined && Number(length) !== end - first) throw wrongLength(Number(length), chunk);
}

/**
 * Takes a chunk's bytes as they come. Afterwards the session has what it is to keep of them.
 * @throws WireError when other bytes came than were announced; then none is kept
 */
export async function takeChunk(session: UploadSession, chunk: Chunk, request: Request, planned: Planned | null): Promise<void> {
  const { keepTo, cutAt } = planFor(planned, chunk);
  const { kept } = session;
  const before = kept.begin();
  const isWanted = session.beginTaking();
  let at = chunk.first;
  try {
    for await (const piece of request as AsyncIterable<Buffer>) {
      if (!isWanted()) {
        request.socket.destroy();
        return;
      }
      const until = Math.min(at + piece.length, keepTo, cutAt ?? Infinity);
      if (until > at) kept.add(piece.subarray(0, until - at));
      at += piece.length;
      if (cutAt !== null && at >= cutAt) {
        request.socket.destroy();
        return;
      }
    }
  } catch {
    // The client is gone, and nobody is there to be answered: a server keeps whole units of what has come.
    if (isWanted()) kept.breakOff();
    return;
  } finally {
    if (isWanted()) session.endTaking();
  }
  if (at === chunk.end) return;
  kept.goBack(before);
  throw wrongLength(at - chunk.first, chunk);
}

function planFor(planned: Planned | null, { first, end }: Chunk): Plan {
  const whole = { keepTo: end, cutAt: null };
  if (!planned) return whole;
  const { answer, atByte, chance } = planned;
  if (answer === 'cut_before') return { keepTo: first, cutAt: atByte };
  if (answer === 'cut_after') return { keepTo: atByte ?? end, cutAt: atByte };
  if (answer !== 'keep_less') return whole;
  // At least the last unit, or what there is of one, is lost.
  const units = Math.floor(chance * Math.ceil((end - first) / UNIT));
  return { keepTo: atByte ?? first + units * UNIT, cutAt: null };
}

function wrongLength(came: number, { first, end }: Chunk): Error {
  return badRequest(
    `There were ${came} byte(s) in the request body. There should have been ${end - first} according to the Content-Range header.`,
  );
}
