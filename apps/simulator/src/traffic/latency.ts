import { Injectable } from '@nestjs/common';

/** How long each operation takes in the world outside (s): the middle of what the providers quote and users measured (2026-11-20). */
export const USUAL_SECONDS: Readonly<Record<string, number>> = { storyboard: 5, image: 12, clip: 120, narration: 4, sound_effect: 5 };

/** How long things take: no longer than they must, unless somebody wants them to. */
@Injectable()
export class Latency {
  private wanted: { seconds: Record<string, number>; clock: number; contains: string } = { seconds: {}, clock: 1, contains: '' };

  /**
   * @param seconds by operation
   * @param clock how many simulated seconds pass in a real one
   * @param contains only requests whose text holds this
   */
  set(seconds: Record<string, number>, clock: number, contains: string): void {
    this.wanted = { seconds, clock, contains };
  }

  get(): object {
    return this.wanted;
  }

  /** How long a request takes at least (ms, real ones). */
  of(operation: string, text: string): number {
    const { seconds, clock, contains } = this.wanted;
    return text.includes(contains) ? ((seconds[operation] ?? 0) * 1_000) / clock : 0;
  }
}
