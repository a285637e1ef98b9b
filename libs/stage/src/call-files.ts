import { readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Database } from '#database';
import { Workspace } from '#media';
import type { CallState } from '#pipeline';
import { Injectable } from '@nestjs/common';
import { readOutcome } from './call-journal.js';
import type { Outcome } from './script-events.js';

/** How far back settled calls are looked for (ms): longer than the house is ever left without a keeper. */
const WINDOW_MS = 6 * 3_600_000;

/** By then every call has come to its end (ms). */
const ABANDONED_AFTER_MS = 10 * 60_000;

/** What paid calls leave in the workspace, journals and products, is removed here and nowhere else: once nobody can need it. */
@Injectable()
export class CallFiles {
  constructor(
    private readonly database: Database,
    private readonly workspace: Workspace,
  ) {}

  /**
   * Settles calls that nobody will ask for any more, because their item was replaced in the middle of them: the bill has to be right all the same.
   * Returns how many.
   */
  async settleAbandoned(): Promise<number> {
    const abandoned = await this.database.costs.abandoned(ABANDONED_AFTER_MS);
    for (const call of abandoned) {
      const outcome = await readOutcome(this.workspace.absolute(this.workspace.callPath(call, call.id, '.jsonl')));
      const state = stateOf(outcome);
      await this.database.transaction(async (tx) => {
        const settled = await tx.costs.settle(call.id, { state, note: 'Its item was replaced meanwhile.' });
        if (settled && state !== 'not_billed') await tx.artifacts.charge(call.artifactId, call.amountUsd);
      });
    }
    return abandoned.length;
  }

  /** Removes the files of calls whose outcome is recorded; returns how many. */
  async sweep(): Promise<number> {
    const settled = await this.database.costs.settledLately(WINDOW_MS);
    let removed = 0;
    for (const calls of Map.groupBy(settled, ({ taskId }) => taskId).values()) {
      const [first] = calls;
      if (!first) continue;
      const folder = dirname(this.workspace.absolute(this.workspace.callPath(first, first.id, '')));
      const ids = calls.map(({ id }) => id);
      const left = (await readdir(folder).catch(() => [])).filter((name) => ids.some((id) => name.includes(id)));
      await Promise.all(left.map((name) => rm(join(folder, name), { force: true })));
      removed += left.length;
    }
    return removed;
  }
}

function stateOf(outcome: Outcome): Exclude<CallState, 'intended'> {
  switch (outcome.event) {
    case 'done':
    case 'submitted':
      return 'billed';
    case 'void':
      return 'not_billed';
    case 'calling':
      return 'lost';
    case 'failed':
      return ({ yes: 'billed', no: 'not_billed', unknown: 'lost' } as const)[outcome.failure.billed];
  }
}
