import { lanesOf, settings, type Lane, type Settings } from '#config';
import { Database, type InHand, type LaneState, type OutgoingJob, type QueuedTicket, type WaitingItem } from '#database';
import { PRIORITIES, STAGES, STAGE_NAMES, stepInfo, type StageName, type StepName } from '#pipeline';
import { perMinute } from '#providers/registry';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { Budgets } from './budgets.js';
import { nextInTurn, type Limits, type Shares } from './fair-share.js';
import { furthestFirst, leadsTo, scarcestOf } from './scarcest-lane.js';
import { announceProgress, makeTicket, ticketId, type TicketPlace } from './tickets.js';

/** A ticket that nobody has taken up after that time is taken back (ms): its queue was emptied, or its workers are busy. */
const UNCLAIMED_MS = 15_000;
/** A stage that has not been heard of for that long gets nothing (ms); one that runs is heard of every 30 s. */
const SILENT_MS = 90_000;
/** How long it is believed which stages run (ms); while one is missing, not so long. */
const STAGES_BELIEVED_MS = 5_000;
const MISSING_BELIEVED_MS = 500;
/** A lane's clock is set back when it is past this (s), so that tags stay within what a place in a queue can say. */
const SET_BACK_AT = 100_000;
/** A provider counts its minute by when requests arrive, which is up to so much later than they are let go (ms). */
const ARRIVAL_MS = 2_000;

interface Candidate extends WaitingItem {
  readonly level: number;
  readonly rank: number;
  readonly seconds: number;
}

/** A lane in one round. */
interface LaneNow {
  readonly lane: Lane;
  readonly state: LaneState;
  readonly inHand: readonly InHand[];
  readonly room: number;
}

/** A ticket whose place in its queue is another now. */
export interface MovedTicket extends TicketPlace {
  readonly queue: string;
  readonly jobId: string;
}

export interface Round {
  readonly tickets: readonly OutgoingJob[];
  readonly moved: readonly MovedTicket[];
  /** When more may begin, though nothing else happens (ms from now); null: nobody knows. */
  readonly againInMs: number | null;
}

/**
 * Decides which items begin: in virtual-time order over the channels, and a provider's items only while it has a place for them, in whichever queue they are made. An item
 * that is due is its own ticket; until it is handed over it costs neither Redis nor a worker, and obeys every pause, priority, weight, quota and budget of that moment. Places
 * are counted in Postgres, where an emptied Redis, a killed process and an orphaned call change nothing about them.
 */
@Injectable()
export class Dispatcher {
  private readonly logger = new Logger(Dispatcher.name);
  private readonly lanes: readonly Lane[];
  private readonly budgets: Budgets;
  private running: { readonly stages: ReadonlySet<string>; readonly untilMs: number } = { stages: new Set(), untilMs: 0 };
  private readonly recovering = new Set<string>();
  /** The lane in which a video waits longest: when that one is empty everything is. */
  private readonly scarcest: Lane | null;

  constructor(
    private readonly database: Database,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {
    this.lanes = lanesOf(settings);
    this.budgets = new Budgets(settings);
    this.scarcest = scarcestOf(this.lanes, settings);
  }

  /** Decides what begins now, and writes that down; the tickets have still to be brought to their queues. One that gets lost is taken back. */
  async round(): Promise<Round> {
    const stages = await this.runningStages();
    return this.database.transaction(async (tx) => {
      const states = await tx.dispatch.lock(this.lanes.map(({ name }) => name));
      const inHand = await tx.dispatch.inHand();
      const lanes = this.lanes.flatMap((lane) => this.now(lane, states, inHand));
      const rooms = lanes.map(({ lane, state, room }) => {
        const goingOn = state.heldMs > 0 ? [] : lane.steps.filter((step) => stages.has(stepInfo(step).stage));
        return { name: lane.name, room, goingOn, steps: goingOn.filter((step) => !state.heldSteps.includes(step)) };
      });
      const waiting = await tx.dispatch.waiting(rooms.filter(({ goingOn }) => goingOn.length > 0));
      const budgets = await this.budgets.ofRound(tx, waiting, inHand);
      const isHungry = rooms.some(
        ({ name, room }) => name === this.scarcest?.name && room > waiting.filter(({ lane }) => lane === name).length,
      );
      const handed: { tickets: OutgoingJob[]; moved: MovedTicket[] }[] = [];
      for (const now of lanes) {
        const own = waiting.filter(({ lane }) => lane === now.lane.name);
        const ranks = isHungry && leadsTo(this.scarcest, now.lane) ? furthestFirst(own) : null;
        const candidates = own.map((item) => asCandidate(item, ranks?.get(item) ?? 0));
        handed.push(await this.handOver(tx, now, candidates, budgets));
      }
      await budgets.settle(tx);
      return {
        tickets: handed.flatMap(({ tickets }) => tickets),
        moved: handed.flatMap(({ moved }) => moved),
        againInMs: soonest(lanes.map((now) => againInMs(now, this.spacingMs(now.lane), waiting))),
      };
    });
  }

  /** Takes back what nobody took up and what silent workers hold, for the next round. Returns how many items that were. */
  async recall(): Promise<number> {
    const { expired, unclaimed, shown } = await this.database.dispatch.recall(UNCLAIMED_MS);
    if (expired + unclaimed > 0) this.logger.warn({ event: 'items_recalled', leases_expired: expired, unclaimed });
    for (const taskId of shown) await this.database.transaction((tx) => announceProgress(tx, taskId));
    return expired + unclaimed;
  }

  /** The places of a task's tickets that wait in their queues, by the task's priority of now. */
  async placesOf(taskId: string): Promise<MovedTicket[]> {
    return (await this.database.dispatch.queuedOf(taskId)).map((ticket) => this.moved(ticket));
  }

  /** The lane in which a step's items wait. */
  laneOf(step: StepName): Lane {
    const lane = this.lanes.find(({ steps }) => steps.includes(step));
    if (!lane) throw new RangeError(`No lane has the step ${step}`);
    return lane;
  }

  /** Whether a lane was not all right when it was last looked at: only then it matters that a call succeeds. */
  isRecovering(lane: Lane): boolean {
    return this.recovering.has(lane.name);
  }

  private now(lane: Lane, states: readonly LaneState[], all: readonly InHand[]): LaneNow[] {
    const state = states.find(({ name }) => name === lane.name);
    if (!state) return [];
    if (state.allowed !== null || state.faults > 0) this.recovering.add(lane.name);
    else this.recovering.delete(lane.name);
    const inHand = all.filter(({ step }) => lane.steps.includes(step));
    return [{ lane, state, inHand, room: this.roomOf(lane, state, inHand) }];
  }

  /** How many items may begin. */
  private roomOf(lane: Lane, state: LaneState, inHand: readonly InHand[]): number {
    if (state.heldMs > 0 || state.nextStartMs > 0) return 0;
    const places = [lane.atOnce, state.said, state.allowed].filter((count) => count !== null);
    // Where nobody counts places, workers find as much in their queues as they can take up.
    const room =
      places.length > 0
        ? Math.min(...places) - inHand.filter(({ hasPlace }) => hasPlace).length
        : this.concurrency(lane) - inHand.filter(({ unclaimed }) => unclaimed).length;
    return Math.max(0, this.spacingMs(lane) > 0 ? Math.min(room, 1) : room);
  }

  private async handOver(
    tx: Database,
    { lane, state, inHand, room }: LaneNow,
    waiting: readonly Candidate[],
    budgets: Limits<WaitingItem>,
  ) {
    const [goingOn, fresh] = [waiting.filter(({ hasPlace }) => hasPlace), waiting.filter(({ hasPlace }) => !hasPlace)];
    const weights = new Map(waiting.map(({ channelId, weight }) => [channelId, weight]));
    const limits = allOf(capsOf(lane, inHand), budgets);
    const turn = nextInTurn<Candidate>(fresh, state, room, (channelId) => weights.get(channelId) ?? 1, limits);
    const begun = [...goingOn.map((item) => ({ item, tag: turn.shares.clock })), ...turn.picks];
    if (begun.length > 0) {
      const items = begun.map(({ item, tag }) => ({ id: item.id, tag, takesPlace: lane.provider !== null }));
      const used = new Set(turn.picks.map(({ item }) => item.channelId));
      const finishes = new Map([...turn.shares.finishes].filter(([channelId]) => used.has(channelId)));
      await tx.dispatch.hand(
        { name: lane.name, clock: turn.shares.clock, finishes },
        items,
        turn.picks.length > 0 ? this.spacingMs(lane) : 0,
      );
    }
    const tickets = begun.map(({ item, tag }) => makeTicket(item, { priority: item.priority, tag, isLocal: lane.provider === null }));
    return { tickets, moved: await this.setBack(tx, lane, turn.shares, inHand.length + waiting.length) };
  }

  /** Keeps virtual time small: a lane that nobody uses begins anew, one that is used for days is set back. */
  private async setBack(tx: Database, lane: Lane, { clock, finishes }: Shares, used: number): Promise<MovedTicket[]> {
    if (used === 0 && finishes.size > 0) await tx.dispatch.forget(lane.name);
    if (used === 0 || clock < SET_BACK_AT) return [];
    return (await tx.dispatch.setBack(lane.name, lane.steps, clock)).map((ticket) => this.moved(ticket));
  }

  private moved({ id, step, generation, priority, tag }: QueuedTicket): MovedTicket {
    const { queue } = STAGES[stepInfo(step).stage];
    return { queue, jobId: ticketId({ id, generation }), priority, tag, isLocal: this.laneOf(step).provider === null };
  }

  private concurrency({ steps: [step] }: Lane): number {
    return step ? this.settings[`${stepInfo(step).stage.toUpperCase() as Uppercase<StageName>}_CONCURRENCY`] : 1;
  }

  /** Time between two beginnings (ms); 0: none. In every minute by the provider's clock there are then no more than it takes. */
  private spacingMs({ provider }: Lane): number {
    const requests = provider ? perMinute(provider, this.settings) : 0;
    return requests > 0 ? Math.ceil((60_000 + ARRIVAL_MS) / requests) : 0;
  }

  private async runningStages(): Promise<ReadonlySet<string>> {
    if (Date.now() > this.running.untilMs) {
      const heard = await this.database.heartbeats.list(SILENT_MS);
      const stages = new Set(heard.filter(({ silent }) => !silent).map(({ service }) => service));
      const isWhole = STAGE_NAMES.every((stage) => stages.has(stage));
      this.running = { stages, untilMs: Date.now() + (isWhole ? STAGES_BELIEVED_MS : MISSING_BELIEVED_MS) };
    }
    return this.running.stages;
  }
}

function asCandidate(item: WaitingItem, rank: number): Candidate {
  return { ...item, level: PRIORITIES.indexOf(item.priority), rank, seconds: item.expectedMs / 1_000 };
}

/** What a channel allows itself of a provider. */
function capsOf({ provider }: Lane, inHand: readonly InHand[]): Limits<WaitingItem> {
  const counts = new Map<string, number>();
  const count = ({ channelId }: { channelId: string }) => counts.set(channelId, (counts.get(channelId) ?? 0) + 1);
  inHand.filter(({ hasPlace }) => hasPlace).forEach(count);
  return {
    allows: ({ channelId, caps }) => (counts.get(channelId) ?? 0) < ((provider && caps?.[provider]) ?? Infinity),
    take: count,
  };
}

function allOf<T>(...limits: readonly Limits<T>[]): Limits<T> {
  return {
    allows: (item) => limits.every((limit) => limit.allows(item)),
    take: (item) => {
      for (const limit of limits) limit.take(item);
    },
  };
}

/** When a lane in which something waits may go on by itself (ms from now). */
function againInMs({ lane, state }: LaneNow, spacingMs: number, waiting: readonly WaitingItem[]): number | null {
  if (state.heldMs > 0) return state.heldMs;
  if (spacingMs === 0) return null;
  return state.nextStartMs > 0 || waiting.some((item) => item.lane === lane.name) ? Math.max(state.nextStartMs, spacingMs) : null;
}

function soonest(moments: readonly (number | null)[]): number | null {
  const known = moments.filter((moment) => moment !== null);
  return known.length > 0 ? Math.min(...known) : null;
}
