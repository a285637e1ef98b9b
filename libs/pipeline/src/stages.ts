import type { Status } from './statuses.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** How a queue is worked. Every stage states all of it; a limit that is left out does not compile. */
interface QueueLimits {
  /** Items that one process works on at once, unless configuration says otherwise. */
  readonly concurrency: number;
  /** An item that takes longer is given up and classed as a time-out (ms). */
  readonly itemTimeoutMs: number;
  /** How long BullMQ keeps a ticket locked for a worker that has gone silent (ms). */
  readonly lockMs: number;
  /** How often workers look for tickets whose lock ran out (ms). */
  readonly stalledCheckMs: number;
  /** How long a process that is told to stop waits for its items before it hands them back (ms). */
  readonly shutdownGraceMs: number;
}

interface Step {
  readonly item: string;
  readonly working: Status;
  /** The status when the last item is ready; null when the next step goes on under the same working status. */
  readonly ready: Status | null;
  /**
   * Where the task waits for a person, and the status that lets it go on; null when nobody is asked. `shows`: the kinds of item that the person sees and decides about; a
   * rejection that names none has all of the first kind made again.
   */
  readonly gate: { readonly waiting: Status; readonly approved: Status; readonly shows: readonly string[] } | null;
  readonly error: Status;
}

interface Stage extends QueueLimits {
  readonly queue: string;
  readonly steps: Readonly<Record<string, Step>>;
}

/**
 * The whole pipeline on one screen: each stage is a service with a queue of its own, and works through its steps in the order
 * written here; after a stage's last step the first step of the stage below it begins.
 */
export const STAGES = {
  asset: {
    queue: 'asset',
    // More than the provider's places: an item that its provider is done with is still to be inspected.
    ...limits({ concurrency: 16, itemTimeoutMs: 2 * MINUTE, shutdownGraceMs: 30 * SECOND }),
    steps: {
      storyboard: { item: 'storyboard', working: 'generating_assets', ready: null, gate: null, error: 'asset_error' },
      images: {
        item: 'image',
        working: 'generating_assets',
        ready: 'assets_ready',
        gate: { waiting: 'assets_ready', approved: 'assets_approved', shows: ['image'] },
        error: 'asset_error',
      },
    },
  },
  video: {
    queue: 'video',
    // Eight clips, which only wait, and four composites beside them.
    ...limits({ concurrency: 12, itemTimeoutMs: 15 * MINUTE, shutdownGraceMs: 30 * SECOND }),
    steps: {
      composites: {
        item: 'composite',
        working: 'generating_composites',
        ready: 'composites_ready',
        gate: null,
        error: 'video_error',
      },
      clips: {
        item: 'clip',
        working: 'generating_video',
        ready: 'video_ready',
        gate: { waiting: 'video_ready', approved: 'video_approved', shows: ['clip'] },
        error: 'video_error',
      },
    },
  },
  audio: {
    queue: 'audio',
    ...limits({ concurrency: 8, itemTimeoutMs: 3 * MINUTE, shutdownGraceMs: 30 * SECOND }),
    steps: {
      narrations: {
        item: 'narration',
        working: 'generating_audio',
        ready: 'audio_ready',
        gate: { waiting: 'audio_ready', approved: 'audio_approved', shows: ['narration'] },
        error: 'audio_error',
      },
    },
  },
  sfx: {
    queue: 'sfx',
    ...limits({ concurrency: 8, itemTimeoutMs: 3 * MINUTE, shutdownGraceMs: 30 * SECOND }),
    steps: {
      sound_effects: {
        item: 'sound_effect',
        working: 'generating_sfx',
        ready: 'sfx_ready',
        gate: null,
        error: 'audio_error',
      },
    },
  },
  assembly: {
    queue: 'assembly',
    ...limits({ concurrency: 1, itemTimeoutMs: 30 * MINUTE, shutdownGraceMs: 60 * SECOND }),
    steps: {
      cut: { item: 'cut', working: 'assembling', ready: null, gate: null, error: 'video_error' },
      captions: { item: 'caption', working: 'assembling', ready: null, gate: null, error: 'video_error' },
      thumbnails: {
        item: 'thumbnail',
        working: 'assembling',
        ready: 'assembly_ready',
        // All that will be published: title, description and tags are the storyboard's.
        gate: { waiting: 'final_review', approved: 'approved', shows: ['cut', 'thumbnail', 'caption', 'storyboard'] },
        error: 'video_error',
      },
    },
  },
  upload: {
    queue: 'upload',
    ...limits({ concurrency: 4, itemTimeoutMs: 60 * MINUTE, shutdownGraceMs: 60 * SECOND }),
    steps: {
      publication: { item: 'publication', working: 'uploading', ready: 'published', gate: null, error: 'upload_error' },
    },
  },
} as const satisfies Record<string, Stage>;

export type StageName = keyof typeof STAGES;
export type StepOf<S extends StageName> = S extends StageName ? keyof (typeof STAGES)[S]['steps'] & string : never;
export type StepName = StepOf<StageName>;
type StepTable = { [S in StageName]: (typeof STAGES)[S]['steps'] }[StageName];
/** What a step makes: the kinds of artifact. */
export type ItemKind = StepTable extends infer Steps ? (Steps extends Record<string, { item: infer Kind }> ? Kind : never) : never;

export const STAGE_NAMES = Object.keys(STAGES) as StageName[];

/** A step with its name, its stage and its place in the pipeline. */
export interface StepInfo extends Step {
  readonly name: StepName;
  readonly stage: StageName;
  readonly item: ItemKind;
  /** The step that begins when this one is ready (and approved, where there is a gate); null after publication. */
  readonly next: StepName | null;
}

const ordered = STAGE_NAMES.flatMap((stage) =>
  Object.entries(STAGES[stage].steps).map(([name, step]) => ({ ...(step as Step), name: name as StepName, stage })),
);

/** All steps in the order they are worked. */
export const STEPS: readonly StepInfo[] = ordered.map((step, index) => ({
  ...step,
  item: step.item as ItemKind,
  next: ordered[index + 1]?.name ?? null,
}));

const byName = new Map(STEPS.map((step) => [step.name, step]));

/** The step of that name. Throws on a name that is none; outside data is checked with `isStepName` first. */
export function stepInfo(name: StepName): StepInfo {
  const step = byName.get(name);
  if (!step) throw new RangeError(`No step is called "${name}". Steps: ${STEPS.map((known) => known.name).join(', ')}`);
  return step;
}

export function isStepName(name: string): name is StepName {
  return STEPS.some((step) => step.name === name);
}

export function isStageName(name: string): name is StageName {
  return Object.hasOwn(STAGES, name);
}

/** Every kind of artifact. */
export const ITEM_KINDS: readonly ItemKind[] = STEPS.map((step) => step.item);

/**
 * Steps that need nothing but the storyboard, and so may be worked ahead of their turn; and the one with which that begins: by then a person has approved the
 * images, and with them the story.
 */
export const RUN_AHEAD: { readonly from: StepName; readonly steps: readonly StepName[] } = {
  from: 'composites',
  steps: ['narrations', 'sound_effects'],
};

/** Whether a step comes after another one. */
export function isAfter(step: StepName, other: StepName): boolean {
  const place = (name: StepName) => STEPS.findIndex((known) => known.name === name);
  return place(step) > place(other);
}

/** The step where a task begins. */
export const FIRST_STEP: StepName = 'storyboard';

type GateOf<Steps> = Steps extends Record<string, { gate: infer G }> ? (G extends { waiting: infer Waiting } ? Waiting : never) : never;
/** The statuses in which a task waits for a person. */
export type Gate = GateOf<StepTable>;

interface GatedStep extends StepInfo {
  readonly gate: { readonly waiting: Gate; readonly approved: Status; readonly shows: readonly ItemKind[] };
}

/** The steps whose work waits for a person before the next one begins. */
export const GATED_STEPS: readonly GatedStep[] = STEPS.filter((step): step is GatedStep => step.gate !== null);

/** Where a task can wait for a person, in the order in which it gets there. */
export const GATES: readonly Gate[] = GATED_STEPS.map(({ gate }) => gate.waiting);

/** The gated step a task in this status waits at, or null when it waits at none. */
export function gateAt(status: Status): GatedStep | null {
  return GATED_STEPS.find((step) => step.gate.waiting === status) ?? null;
}

/** What a gate shows of a task's items, kind by kind. */
export function shownAt<T extends { readonly kind: ItemKind }>({ gate }: GatedStep, items: readonly T[]): T[] {
  return gate.shows.flatMap((kind) => items.filter((item) => item.kind === kind));
}

/** Lock and stalled check are those measured to free a killed worker's slot within 40 s without losing a live one. */
function limits(stage: Pick<QueueLimits, 'concurrency' | 'itemTimeoutMs' | 'shutdownGraceMs'>): QueueLimits {
  return { ...stage, lockMs: 30 * SECOND, stalledCheckMs: 10 * SECOND };
}
