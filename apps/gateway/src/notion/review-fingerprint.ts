import { createHash } from 'node:crypto';
import type { ArtifactRow, TaskRow } from '#database';
import { gateAt, shownAt } from '#pipeline';

/** What a task's gate shows, as a short text that is another one as soon as a file is another; null when it is at none. */
export function reviewFingerprint(task: TaskRow, artifacts: readonly ArtifactRow[]): string | null {
  const gate = gateAt(task.status);
  if (!gate) return null;
  const files = shownAt(gate, artifacts)
    .filter(({ state }) => state === 'ready')
    .map(({ checksum }) => checksum);
  return createHash('sha256')
    .update(`${gate.name} ${files.join(' ')}`)
    .digest('hex')
    .slice(0, 16);
}
