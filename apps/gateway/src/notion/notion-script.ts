import { Database } from '#database';
import { LONGEST_OWN_SCRIPT } from '#pipeline';
import { Admission, Gates } from '#stage';
import { Injectable } from '@nestjs/common';
import { NotionConnection } from './notion-connection.js';

/** Reads the creator's own narration from a new task's page; the task is admitted after that. */
@Injectable()
export class NotionScript {
  constructor(
    private readonly database: Database,
    private readonly notion: NotionConnection,
    private readonly gates: Gates,
    private readonly admission: Admission,
  ) {}

  /** @throws Failure as Notion's client does */
  async read(taskId: string): Promise<void> {
    const task = await this.database.tasks.find(taskId);
    if (!task?.notionPageId || !task.scriptPending) return;
    const ownScript = await this.notion.client.readOwnScript(task.notionPageId);
    if (ownScript.length > LONGEST_OWN_SCRIPT) {
      const text = `The script has ${ownScript.length} characters, ${LONGEST_OWN_SCRIPT} can be filmed. Shorten it, then set the row to Queued again.`;
      // In this order: the cancel has the row written, and what is said must be there by then.
      await this.database.notionMirrors.notice(taskId, { text, status: 'draft' });
      if (task.status === 'queued') await this.gates.cancel(taskId, 'system');
      return;
    }
    await this.database.tasks.scriptRead(taskId, ownScript);
    await this.admission.run();
  }
}
