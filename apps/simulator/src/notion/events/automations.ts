import { randomUUID } from 'node:crypto';
import { ROW_PROPERTIES } from '#providers/notion';
import { Injectable } from '@nestjs/common';
import { WireError } from '../../answer.js';
import { Changes, type Change } from '../content/changes.js';
import { DATA_SOURCE_ID } from '../content/ids.js';
import { PageReader } from '../content/page-reader.js';
import { Pages } from '../content/pages.js';
import { Users } from '../content/users.js';
import { isTaken, post } from './post.js';

/** A database automation with the action "Send webhook": when a row's Status changes. */
export interface Automation {
  readonly id: string;
  readonly actionId: string;
  readonly url: string;
  /** A header of one's own; Notion signs nothing here. */
  readonly header: string;
  readonly value: string;
  readonly sourceId: string;
  /** The simulator's address, for the addresses of files. */
  readonly origin: string;
  /** A failed action pauses its automation until a person lets it go on. */
  isPaused: boolean;
  sent: number;
}

/** Automations that people have set up in databases. */
@Injectable()
export class Automations {
  private readonly automations = new Map<string, Automation>();

  constructor(
    private readonly pages: Pages,
    private readonly reader: PageReader,
    private readonly users: Users,
    changes: Changes,
  ) {
    changes.listen((change) => {
      this.notice(change);
    });
  }

  add(given: { url: string; header: string; value: string; sourceId?: string | undefined; origin: string }): Automation {
    const { sourceId = DATA_SOURCE_ID, ...rest } = given;
    const automation: Automation = { ...rest, sourceId, id: randomUUID(), actionId: randomUUID(), isPaused: false, sent: 0 };
    this.automations.set(automation.id, automation);
    return automation;
  }

  resume(id: string): Automation {
    const automation = this.automations.get(id);
    if (!automation) throw new WireError(404, { message: `There is no automation ${id}` });
    automation.isPaused = false;
    return automation;
  }

  delete(id: string): void {
    if (!this.automations.delete(id)) throw new WireError(404, { message: `There is no automation ${id}` });
  }

  all(): Automation[] {
    return [...this.automations.values()];
  }

  private notice({ entity, data, changedProperties = [] }: Change): void {
    if (!changedProperties.includes(ROW_PROPERTIES.status.name)) return;
    for (const automation of this.all()) {
      if (automation.sourceId === data.parent?.data_source_id && !automation.isPaused) void this.run(automation, entity.id);
    }
  }

  private async run(automation: Automation, pageId: string): Promise<void> {
    const { id, actionId, url, header, value, origin } = automation;
    const page = this.pages.get(pageId);
    if (page?.parent.type !== 'data_source') return;
    automation.sent++;
    // Working receivers were seen to read the parent as a database; the page is older than data sources there.
    const parent = { type: 'database_id', database_id: page.parent.source.database.id };
    const shown = this.reader.view(page, { author: this.users.creator, version: '2026-03-11', origin });
    const source = { type: 'automation', automation_id: id, action_id: actionId, event_id: randomUUID(), attempt: 1 };
    const body = JSON.stringify({ source, data: { ...shown, parent } });
    if (!isTaken(await post(url, body, { [header]: value }))) automation.isPaused = true;
  }
}

/** An automation as a person sees it: without the value of its header. */
export function viewAutomation({ id, url, header, sourceId, isPaused, sent }: Automation): object {
  return { automation_id: id, url, header, data_source_id: sourceId, state: isPaused ? 'paused' : 'active', sent };
}
