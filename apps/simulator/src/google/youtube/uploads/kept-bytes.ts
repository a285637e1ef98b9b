import { createHash, type Hash } from 'node:crypto';

/** Chunks are multiples of this, and so is what is kept of a request that breaks off (bytes). */
export const UNIT = 256 * 1024;

/** A place to go back to. */
export interface Mark {
  readonly length: number;
  readonly hash: Hash;
}

/** What has been kept of a file: its length and a running SHA-256, with places to go back to. The bytes themselves are not kept. */
export class KeptBytes {
  private hash = createHash('sha256');
  private bytes = 0;
  /** The last place that is certain to stay: where a request began, or a whole unit ended. */
  private certain = this.mark();

  get length(): number {
    return this.bytes;
  }

  /** A request begins: what is there stays. */
  begin(): Mark {
    this.certain = this.mark();
    return this.certain;
  }

  add(piece: Buffer): void {
    let rest = piece;
    while (rest.length > 0) {
      const part = rest.subarray(0, UNIT - (this.bytes % UNIT));
      this.hash.update(part);
      this.bytes += part.length;
      if (this.bytes % UNIT === 0) this.certain = this.mark();
      rest = rest.subarray(part.length);
    }
  }

  /** A request broke off: what is not certain is lost. */
  breakOff(): void {
    this.goBack(this.certain);
  }

  goBack(mark: Mark): void {
    this.hash = mark.hash.copy();
    this.bytes = mark.length;
    this.certain = mark;
  }

  sha256(): string {
    return this.hash.copy().digest('hex');
  }

  private mark(): Mark {
    return { length: this.bytes, hash: this.hash.copy() };
  }
}
