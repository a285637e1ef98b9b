import { createHash } from 'node:crypto';

/** Chance that comes out the same for the same seed and the same order of the same questions. */
export class Dice {
  private readonly thrown = new Map<string, number>();

  constructor(private readonly seed: number) {}

  /**
   * A number from 0 to 1, without 1.
   * @param about what is decided: the first throw about it is always the same, so is the second
   */
  throw(about: string): number {
    const times = this.thrown.get(about) ?? 0;
    this.thrown.set(about, times + 1);
    return createHash('sha256').update(`${this.seed} ${times} ${about}`).digest().readUInt32BE(0) / 2 ** 32;
  }

  /** Whether what happens in a share of all cases happens now. */
  happens(share: number, about: string): boolean {
    return share > 0 && this.throw(about) < share;
  }
}
