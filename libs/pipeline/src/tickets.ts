import type { StepName } from './stages.js';

/** A stage's job in BullMQ: it says which row to look at, never what the row says. */
export const TICKET_NAMES = ['open', 'make'] as const;
export type TicketName = (typeof TICKET_NAMES)[number];

export interface Ticket {
  task_id: string;
  channel_id: string;
  step: StepName;
  /** The item to make; left out on `open`, which plans the step's items. */
  artifact_id?: string;
  /** On `open`: plans the step's items before its turn has come. */
  ahead?: true;
  /** The issue of the item this ticket stands for; a later issue makes it void. */
  generation: number;
  /** The API request or webhook that the work goes back to. */
  request_id?: string;
}

/** The queue of everything that is said to or asked from Notion, so that one pace holds for all of it. */
export const NOTION_QUEUE = 'notion';
/** The queue that shows dead letters: each is a failed job there, and trying it again takes its task back to work. */
export const DEAD_LETTER_QUEUE = 'dead-letters';
/** The queue of the jobs that keep the house: admission, relay, reconciler. */
export const HOUSEKEEPING_QUEUE = 'housekeeping';
