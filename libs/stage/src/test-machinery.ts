import type { Settings } from '#config';
import type { Database } from '#database';
import { STAGE_NAMES, type Ticket, type TicketName } from '#pipeline';
import { Dispatcher } from './dispatcher.js';
import type { ItemFiles } from './item-files.js';
import { LaneHealth } from './lane-health.js';
import { Leases } from './lease.js';
import type { OutboxRelay } from './outbox-relay.js';
import { PaidCalls } from './paid-calls.js';
import type { ScriptRunner } from './script-runner.js';
import { TicketHandler, type StepHandlers } from './ticket-handler.js';

/** A relay for tests that bring tickets to their handler themselves. */
export const NO_RELAY = { wake: () => undefined, takenUp: () => undefined, reprioritize: () => undefined } as unknown as OutboxRelay;

interface Parts {
  database: Database;
  files: ItemFiles;
  scripts: ScriptRunner;
  steps: StepHandlers;
  settings: Settings;
  relay?: OutboxRelay;
  calls?: PaidCalls;
}

/** A worker's machinery without its queue. */
export function ticketHandler({ database, files, scripts, steps, settings, relay = NO_RELAY, calls }: Parts): TicketHandler {
  const health = new LaneHealth(database, new Dispatcher(database, settings));
  const paid = calls ?? new PaidCalls(database, files, scripts, settings);
  return new TicketHandler(database, files, paid, scripts, new Leases(database), health, relay, steps, settings);
}

/** Has every service speak up. */
export async function everybodyIsHere(database: Database): Promise<void> {
  await database.heartbeats.beat(...STAGE_NAMES);
}

/** Hands over what may begin, as the relay would; returns the tickets in the order in which a worker takes them. */
export async function handOver(database: Database, settings: Settings): Promise<{ name: TicketName; data: Ticket; priority: number }[]> {
  await everybodyIsHere(database);
  const { tickets } = await new Dispatcher(database, settings).round();
  return tickets
    .toSorted((one, other) => one.priority - other.priority)
    .map(({ name, payload, priority }) => ({ name: name as TicketName, data: payload as Ticket, priority }));
}
