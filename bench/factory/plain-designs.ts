import { setTimeout as sleep } from 'node:timers/promises';
import { Queue, Worker, type ConnectionOptions } from 'bullmq';
import { CAPS, COUNTS, LIKENESS, PORTRAIT, latency, type Kind, type ModelItem } from './model.js';
import { monotonic, type Call } from './record.js';
import type { Timing } from './scripts.js';

/** What a plain design has come to. */
export interface PlainRun {
  readonly calls: readonly Call[];
  /** When each video was finished (ms, monotonic). */
  readonly finished: ReadonlyMap<number, number>;
}

/** How most people would build it, with BullMQ and nothing else: no database, no record, no durability. What they are compared by is the order of work. */
abstract class PlainDesign {
  private readonly calls: Call[] = [];
  private readonly finished = new Map<number, number>();
  private readonly done = Promise.withResolvers<undefined>();
  private readonly queues: Queue[] = [];
  private readonly workers: Worker[] = [];

  constructor(
    private readonly redisUrl: string,
    private readonly timing: Timing,
    private readonly videos: readonly number[],
  ) {}

  /** Makes all videos; returns when the last one is finished. */
  async run(): Promise<PlainRun> {
    this.open();
    await this.begin(this.videos);
    await this.done.promise;
    await Promise.all(this.workers.map((worker) => worker.close()));
    await Promise.all(this.queues.map((queue) => queue.close()));
    return { calls: this.calls.sort((one, other) => one.start - other.start), finished: this.finished };
  }

  /** Opens its queues. */
  protected abstract open(): void;
  protected abstract begin(videos: readonly number[]): Promise<void>;

  protected queue<Data>(name: string, atOnce: number, work: (data: Data) => Promise<void>): (jobs: readonly Data[]) => Promise<void> {
    const options = {
      connection: { url: this.redisUrl, maxRetriesPerRequest: null } satisfies ConnectionOptions,
      prefix: this.constructor.name,
    };
    const queue = new Queue<Data, void, string, Data, void, string>(name, options);
    const worker = new Worker<Data>(name, ({ data }) => work(data), { ...options, concurrency: atOnce });
    worker.on('failed', (_job, error) => {
      this.done.reject(error);
    });
    this.queues.push(queue);
    this.workers.push(worker);
    return async (jobs) => {
      await queue.addBulk(jobs.map((data) => ({ name, data, opts: { removeOnComplete: true } })));
    };
  }

  protected async make(item: ModelItem): Promise<void> {
    const start = monotonic();
    await sleep(latency(this.timing.seed, item) * this.timing.secondMs);
    this.calls.push({ ...item, process: process.pid, start, end: monotonic() });
  }

  protected finish(video: number): void {
    this.finished.set(video, monotonic());
    if (this.finished.size === this.videos.length) this.done.resolve(undefined);
  }
}

const itemsOf = (video: number, kind: Kind): ModelItem[] =>
  Array.from({ length: COUNTS[kind] }, (_, position) => ({ video, kind, position }));

/** Works on so many at a time, in order. */
async function limited<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const next = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, next));
}

/** One job for each stage of a video, one video at a time in each stage, and p-limit inside; the two that share a provider have half of it each. */
export class StageJobs extends PlainDesign {
  private add: ((videos: readonly number[]) => Promise<void>) | null = null;

  protected open(): void {
    const half = CAPS.elevenlabs / 2;
    const stages: readonly (readonly [name: string, ...kinds: (readonly [Kind, number])[]])[] = [
      ['assembly', ['cut', 1]],
      ['sfx', ['sound_effect', half]],
      ['audio', ['narration', half]],
      ['video', ['composite', CAPS.kie], ['clip', CAPS.kie]],
      ['asset', ['storyboard', 1], ['image', CAPS.gemini]],
    ];
    for (const [name, ...kinds] of stages) {
      const next = this.add;
      this.add = this.queue<number>(name, 1, async (video) => {
        for (const [kind, atOnce] of kinds) await limited(itemsOf(video, kind), atOnce, (item) => this.make(item));
        if (next) await next([video]);
        else this.finish(video);
      });
    }
  }

  protected async begin(videos: readonly number[]): Promise<void> {
    await this.add?.(videos);
  }
}

/** One job for each item, first come first served at each provider; a scene's clip follows its composite, everything else waits for the step before. */
export class ItemJobs extends PlainDesign {
  private readonly adds = new Map<Kind, (items: readonly ModelItem[]) => Promise<void>>();
  private readonly left = new Map<string, number>();

  protected open(): void {
    const work = (item: ModelItem) => this.make(item).then(() => this.follow(item));
    const gemini = this.queue<ModelItem>('gemini', CAPS.gemini, work);
    const elevenlabs = this.queue<ModelItem>('elevenlabs', CAPS.elevenlabs, work);
    this.adds.set('storyboard', gemini).set('image', gemini).set('narration', elevenlabs).set('sound_effect', elevenlabs);
    this.adds.set('composite', this.queue<ModelItem>('composite', CAPS.kie, work));
    this.adds.set('clip', this.queue<ModelItem>('clip', CAPS.kie, work)).set('cut', this.queue<ModelItem>('cut', CAPS.assembly, work));
  }

  protected async begin(videos: readonly number[]): Promise<void> {
    await this.add(videos.flatMap((video) => itemsOf(video, 'storyboard')));
  }

  private async add(items: readonly ModelItem[]): Promise<void> {
    const [first] = items;
    if (first) await this.adds.get(first.kind)?.(items);
  }

  private async follow({ video, kind, position }: ModelItem): Promise<void> {
    if (kind === 'composite') await this.add([{ video, kind: 'clip', position }]);
    if (kind === 'image' && position === PORTRAIT) await this.add([{ video, kind, position: LIKENESS }]);
    const counter = `${video} ${kind}`;
    const left = (this.left.get(counter) ?? COUNTS[kind]) - 1;
    this.left.set(counter, left);
    if (left > 0) return;
    const next = AFTER[kind];
    if (next) await this.add(itemsOf(video, next).filter(({ position: place }) => next !== 'image' || place !== LIKENESS));
    else if (kind === 'cut') this.finish(video);
  }
}

/** Only the clips, first come first served: one channel has many videos, and another one brings one of its own once so many clips were begun. */
export class ClipJobs extends PlainDesign {
  private begun = 0;
  private newcomer: (() => void) | null = null;
  private readonly left = new Map<number, number>();
  /** When the newcomer's clips could have been made (ms, monotonic). */
  dueAt = NaN;

  constructor(
    redisUrl: string,
    timing: Timing,
    private readonly many: readonly number[],
    private readonly one: number,
    private readonly after: number,
  ) {
    super(redisUrl, timing, [one]);
  }

  protected open(): void {
    const add = this.queue<ModelItem>('clip', CAPS.kie, async (item) => {
      this.begun += 1;
      if (this.begun === this.after) this.newcomer?.();
      await this.make(item);
      const left = (this.left.get(item.video) ?? COUNTS.clip) - 1;
      this.left.set(item.video, left);
      if (left === 0 && item.video === this.one) this.finish(item.video);
    });
    this.newcomer = () => {
      this.dueAt = monotonic();
      void add(itemsOf(this.one, 'clip'));
    };
    this.clips = add;
  }

  protected async begin(): Promise<void> {
    await this.clips?.(this.many.flatMap((video) => itemsOf(video, 'clip')));
  }

  private clips: ((items: readonly ModelItem[]) => Promise<void>) | null = null;
}

/** What begins when the last item of a kind is there. */
const AFTER: Readonly<Partial<Record<Kind, Kind>>> = {
  storyboard: 'image',
  image: 'composite',
  clip: 'narration',
  narration: 'sound_effect',
  sound_effect: 'cut',
};
