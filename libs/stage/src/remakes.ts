import type { ArtifactRow, Database, TaskRow } from '#database';
import { reached, type Finding, type ScriptName } from '#pipeline';
import { Logger } from '@nestjs/common';
import type { MadeCall, PaidCalls } from './paid-calls.js';
import { announceProgress } from './tickets.js';

/** Ends the work on a file that is not kept: its item is made again, which is recorded. */
export class MadeAgain extends Error {
  override readonly name = 'MadeAgain';
}

/** Code of what is said of an item while it is made again by itself. */
const MADE_AGAIN = 'MADE_AGAIN';

/** An item whose file was inspected, and by whom. */
interface Inspected {
  readonly artifact: ArtifactRow;
  readonly leaseToken: string;
  readonly findings: readonly Finding[];
  /** The call that has brought the file, if it is not settled yet. */
  readonly paid: Pick<MadeCall<ScriptName>, 'callId' | 'amountUsd'> | null;
}

const logger = new Logger('Remakes');

/**
 * Has an item made again whose file is too bad to be shown, and records that: true when the file is not to be kept. Once a revision, and within the
 * channel's budget; what comes then is kept, whatever it is, and a person decides.
 *
 * All of it is one transaction: that it was made again, the bill for what was made in vain, the end of the provider's job, the ticket. Before it a crash
 * leaves the call or the job open, so that whoever comes next takes the same file, finds the same in it and comes here again: nothing is paid for. After
 * it nothing is open any more, so that the next try has to pay, and `remade` says that it is the last one. Only the inspection may repeat.
 */
export async function makeAgainOnce(
  database: Database,
  calls: PaidCalls,
  { artifact, leaseToken, findings, paid }: Inspected,
): Promise<boolean> {
  const grave = findings.filter((finding) => finding.grave);
  if (artifact.remade || grave.length === 0) return false;
  const { id, taskId, channelId, kind, position, revision } = artifact;
  const about = { task_id: taskId, artifact_id: id, kind, position, codes: [...new Set(grave.map(({ code }) => code))] };
  const again = await database.transaction(async (tx) => {
    // Whoever else would spend the rest of the budget waits.
    const task = await tx.tasks.lock(taskId);
    if (!task) return false;
    if (!(await allows(tx, task, artifact))) {
      logger.warn({ event: 'item_remake_refused', ...about, reason: 'budget' });
      return false;
    }
    const message = `${grave.map((finding) => finding.message).join('; ')}: it is made again by itself, once.`;
    if (!(await tx.artifacts.makeAgain(id, leaseToken, { code: MADE_AGAIN, message }))) return false;
    if (paid) await tx.artifacts.charge(id, await calls.settled(tx, paid));
    const details = { artifact_id: id, kind, position, revision, findings: grave };
    await tx.auditLogs.add({ channelId, taskId, actor: 'system', action: 'item_made_again', details });
    await announceProgress(tx, taskId);
    return true;
  });
  if (!again) return false;
  logger.warn({ event: 'item_remake_done', ...about, message: grave.map(({ message }) => message).join('; ') });
  reached('remake_recorded');
  return true;
}

/** Whether a video may cost what it takes to pay for one of its items once more. */
async function allows(tx: Database, task: TaskRow, artifact: ArtifactRow): Promise<boolean> {
  const { settings } = await tx.channels.get(task.channelId);
  const videoUsd = settings.budget?.video_usd;
  if (videoUsd === undefined) return true;
  const [storyboard] = await tx.artifacts.ready(task.id, 'storyboard');
  // The storyboard's own cost is outside the budget.
  const onceUsd = storyboard?.result?.estimate.usd ?? 0;
  const [repeatedUsd, priceUsd] = [await tx.costs.repeated(task.id), await tx.costs.latestOf(artifact.id)];
  return onceUsd + repeatedUsd + priceUsd <= videoUsd;
}
