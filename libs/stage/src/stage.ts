import type { ChannelSettings } from '#config';
import type { ArtifactRow } from '#database';
import {
  waiting,
  type Failure,
  type Finding,
  type ItemInput,
  type ItemKind,
  type ItemResult,
  type STAGES,
  type ScriptArguments,
  type ScriptName,
  type ScriptResult,
  type StageName,
  type StepOf,
  type Storyboard,
} from '#pipeline';
import type { ProviderName } from '#providers/registry';

/** What a stage may know of the task it works for. */
export interface TaskView {
  readonly id: string;
  readonly channelId: string;
  readonly title: string;
  readonly topic: string;
  readonly storyDirection: string;
  /** The creator's own narration; empty when it is to be written. */
  readonly ownScript: string;
  /** When the creator wants the video to appear; null: as the channel's schedule says, or as soon as it can. */
  readonly publishAt: Date | null;
  readonly channel: ChannelSettings;
  /** Which of the thumbnails the video gets, from 1. */
  readonly thumbnail: number;
}

/** An item that a step has to make, before it is a row: what it takes to make it, in the order of its kind. */
export type Planned<K extends ItemKind> = ItemInput<K>;

/** One item in the making. */
export interface Item<K extends ItemKind> {
  /** Of its artifact. */
  readonly id: string;
  readonly task: TaskView;
  readonly position: number;
  /** 1, and one more each time it is made anew. */
  readonly revision: number;
  readonly input: ItemInput<K>;
  /** Where the file belongs while it is made; the machinery probes it, takes its checksum and moves it into its place. Absolute. */
  readonly out: string;
  /** The provider's job of an earlier try, to be picked up instead of submitting a new one. */
  readonly providerJobId: string | null;
  /** Aborted when the item is cancelled, its time is up, its lease is lost or the process stops. */
  readonly signal: AbortSignal;
  /** Finished artifacts of the same task, in order. */
  ready<Kind extends ItemKind>(kind: Kind): Promise<ArtifactRow<Kind>[]>;
  /** The absolute path of a finished artifact's file. */
  file(artifact: ArtifactRow): string;
  /**
   * Runs a media script that makes the item's file. With a price it is paid for, once: a call that an earlier worker made is not made again, its
   * file is taken. A provider's job that is picked up costs nothing more.
   * @throws Failure as the script reports it, or as it follows from what became of the call
   */
  run<N extends ScriptName>(name: N, args: Omit<ScriptArguments<N>, 'out'>, price?: Price<N>): Promise<ScriptResult<N>>;
  /** To be called, and awaited, as soon as a provider has accepted a job that costs nothing: whoever comes next picks it up. */
  submitted(providerJobId: string): Promise<void>;
}

/** What a call costs. */
export interface Price<N extends ScriptName> {
  readonly provider: ProviderName;
  readonly operation: string;
  /** Expected, as known before the call. */
  readonly amountUsd: number;
  /** Billed by the simulator. */
  readonly simulated: boolean;
  /** The amount that follows from the result (USD), where it cannot be known before. */
  readonly exactly?: (result: ScriptResult<N>) => number;
}

/** What is known of an item once its file is written. */
export interface Made<K extends ItemKind> {
  readonly result: ItemResult<K>;
  /** Whether the simulator made it, or something that it was made from. */
  readonly simulated: boolean;
  /** What whoever made it has found, besides what the machinery finds in the file. A grave one must be such that making it again can mend it. */
  readonly findings?: readonly Finding[];
}

/** How the items of one step are named and made. */
export interface StepHandler<K extends ItemKind> {
  /** The step's items, in order. Pure: the same task and storyboard give the same items. The storyboard is null only before it is written. */
  plan(task: TaskView, storyboard: Storyboard | null): Planned<K>[];
  /** Makes one item. May run again after a crash, never after its artifact is recorded; what it throws becomes a `Failure`. */
  make(item: Item<K>): Promise<Made<K>>;
}

type ItemOf<S extends StageName, Step extends StepOf<S>> = (typeof STAGES)[S]['steps'] extends infer Steps
  ? Step extends keyof Steps
    ? Steps[Step] extends { item: infer Kind extends ItemKind }
      ? Kind
      : never
    : never
  : never;

/** A stage: one handler for each of its steps. */
export type Stage<S extends StageName> = { readonly [Step in StepOf<S>]: StepHandler<ItemOf<S, Step>> };

/**
 * The storyboard, in a step that comes after it.
 * @throws Error when a step is planned before its storyboard is ready, which the order of the steps rules out
 */
export function written(storyboard: Storyboard | null): Storyboard {
  if (!storyboard) throw new Error('The storyboard is not written yet');
  return storyboard;
}

/** Code of the failure of an item that waits for another one of its own step. */
export const AWAITS_ITEM = 'AWAITS_ITEM';
/** The commit of the other item wakes it; this is for the moment in which the two miss each other (ms). */
const AWAIT_MS = 10_000;

/** Thrown by a handler whose item is made from another one of the same step that is not ready: it is tried again as soon as one more is. */
export function awaitsItem(which: string): Failure {
  return waiting({
    code: AWAITS_ITEM,
    message: `It is made from ${which}, which is not ready`,
    userMessage: `It is made from ${which}, which is being made.`,
    retryAfterMs: AWAIT_MS,
  });
}
