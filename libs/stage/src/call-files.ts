import { readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Database } from '#database';
import { Workspace } from '#media';
import { Injectable } from '@nestjs/common';

/** How far back settled calls are looked for (ms): longer than the house is ever left without a keeper. */
const WINDOW_MS = 6 * 3_600_000;

/** What paid calls leave in the workspace, journals and products, is removed here and nowhere else: once nobody can need it. */
@Injectable()
export class CallFiles {
  constructor(
    private readonly database: Database,
    private readonly workspace: Workspace,
  ) {}

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
