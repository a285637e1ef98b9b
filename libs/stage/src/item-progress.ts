import { progressOf, withReading, type ItemProgress, type ProgressReading, type ScriptEvent } from '#pipeline';
import { Logger } from '@nestjs/common';

/** How often an item's progress is recorded at most (ms): as often as people look, however often a script speaks. */
const RECORD_EVERY_MS = 2_000;

/** Has an item's progress recorded now and then, the first at once. It is only told: one that cannot be written is followed by the next. */
export class ProgressRecorder {
  private readonly logger = new Logger(ProgressRecorder.name);
  private readings: readonly ProgressReading[] = [];
  private recording = false;

  constructor(private readonly record: (progress: ItemProgress) => Promise<void>) {}

  heard({ done, total }: Extract<ScriptEvent, { event: 'progress' }>, atMs = performance.now()): void {
    const last = this.readings.at(-1);
    if (this.recording || (last && atMs - last.atMs < RECORD_EVERY_MS)) return;
    this.readings = withReading(this.readings, { done, total, atMs });
    this.recording = true;
    void this.record(progressOf(this.readings))
      .catch((error: unknown) => {
        this.logger.debug({ event: 'item_progress_lost', error: String(error) });
      })
      .finally(() => (this.recording = false));
  }
}
