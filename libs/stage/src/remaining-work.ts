import { clipLengths, expectedUsd, type Settings } from '#config';
import type { BegunVideo, UnfinishedItem } from '#database';
import { STEPS, expectedMs, usualItems, usualOutline, type ItemInput, type ItemKind, type StepWork, type VideoWork } from '#pipeline';

/** What is left of a video, and what it still costs (USD). */
export interface Remaining {
  readonly work: VideoWork;
  readonly usd: number;
}

/** A video of which there is nothing yet. */
export const NOT_BEGUN: Pick<BegunVideo, 'estimate' | 'kinds' | 'unfinished'> = { estimate: null, kinds: [], unfinished: [] };

/** Says what is left of videos: the items that are there and not ready, and those that its storyboard, or its channel, will ask for. */
export class RemainingWork {
  private readonly clipLengths: readonly number[];

  /** @param paces how long items took of late (ms); of kinds that are left out, what they usually take */
  constructor(
    private readonly settings: Settings,
    private readonly paces: ReadonlyMap<ItemKind, number>,
  ) {
    this.clipLengths = clipLengths(settings);
  }

  /** @param scenes that the writer is asked for */
  of({ estimate, kinds, unfinished }: typeof NOT_BEGUN, scenes: number): Remaining {
    const outline = estimate ?? usualOutline(scenes);
    const usual = <K extends ItemKind>(kind: K) => usualItems(kind, outline, this.clipLengths);
    const ahead = KINDS.filter((kind) => !kinds.includes(kind));
    const there = unfinished.map((item) => ({ ...item, input: asUsual(item, usual(item.kind).input) }));
    const steps = STEPS.map(({ name, item: kind }) => {
      if (!ahead.includes(kind)) return [name, this.left(there.filter((item) => item.kind === kind))] as const;
      const { count, input } = usual(kind);
      const ms = this.ms(kind, input);
      return [name, { items: count, ms: count * ms, longestMs: ms }] as const;
    });
    const planned = (of: readonly ItemKind[]) =>
      of.reduce((usd, kind) => usd + usual(kind).count * expectedUsd(kind, usual(kind).input, this.settings), 0);
    // How long its clips have to be the estimate knows better, and they are most of the price.
    const later = ahead.includes('clip') && estimate ? Math.max(0, estimate.usd - planned(made(ahead))) : planned(ahead);
    const open = there.filter(({ isPaid }) => !isPaid);
    return {
      work: Object.fromEntries(steps),
      usd: open.reduce((usd, { kind, input }) => usd + expectedUsd(kind, input, this.settings), later),
    };
  }

  private left(items: readonly WholeItem[]): StepWork {
    const left = items.map(({ kind, input, runningMs }) => Math.max(0, this.ms(kind, input) - (runningMs ?? 0)));
    return { items: items.length, ms: left.reduce((sum, ms) => sum + ms, 0), longestMs: Math.max(0, ...left) };
  }

  private ms<K extends ItemKind>(kind: K, input: ItemInput<K>): number {
    return this.paces.get(kind) ?? expectedMs(kind, input);
  }
}

interface WholeItem<K extends ItemKind = ItemKind> extends Omit<UnfinishedItem<K>, 'input'> {
  readonly input: ItemInput<K>;
}

/** What is not known of an item is as usual. */
function asUsual<K extends ItemKind>({ input }: UnfinishedItem<K>, usual: ItemInput<K>): ItemInput<K> {
  return { ...usual, ...input };
}

const KINDS = STEPS.map(({ item }) => item);

/** The kinds that a storyboard's estimate counts and that are there already. */
function made(ahead: readonly ItemKind[]): ItemKind[] {
  return KINDS.filter((kind) => kind !== 'storyboard' && !ahead.includes(kind));
}
