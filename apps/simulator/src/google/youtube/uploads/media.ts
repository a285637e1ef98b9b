import { createHash } from 'node:crypto';
import type { Request } from 'express';
import { tooLarge } from './bad-request.js';

/** A file that came with a request. Its bytes were counted and summed, not kept, but for the first few, which tell what it is. */
export interface Media {
  contentType: string;
  bytes: number;
  sha256: string;
  head: Buffer;
}

/** Bytes that are enough to tell pictures apart. */
const HEAD_BYTES = 8;

/** Counts and sums a file while it comes. */
export class MediaSum {
  private readonly hash = createHash('sha256');
  private bytes = 0;
  private head = Buffer.alloc(0);

  /** @param most bytes */
  constructor(
    private readonly contentType: string,
    private readonly most: number,
  ) {}

  /** @throws WireError when the file is larger than it may be */
  add(piece: Buffer): void {
    this.bytes += piece.length;
    if (this.bytes > this.most) throw tooLarge(this.most);
    if (this.head.length < HEAD_BYTES) this.head = Buffer.concat([this.head, piece.subarray(0, HEAD_BYTES)]);
    this.hash.update(piece);
  }

  end(): Media {
    return { contentType: this.contentType, bytes: this.bytes, sha256: this.hash.digest('hex'), head: this.head.subarray(0, HEAD_BYTES) };
  }
}

/** The media of a request with `uploadType=media`: all of its body. */
export async function readMedia(request: Request, most: number): Promise<Media> {
  const sum = new MediaSum(request.get('content-type') ?? 'application/octet-stream', most);
  if (Number(request.get('content-length') ?? 0) > most) throw tooLarge(most);
  for await (const piece of request as AsyncIterable<Buffer>) sum.add(piece);
  return sum.end();
}
