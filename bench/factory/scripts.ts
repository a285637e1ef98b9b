import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Workspace } from '#media';
import { Failure, transient, type ScriptArguments, type ScriptName, type ScriptResult } from '#pipeline';
import type { ScriptRunner } from '#stage';
import { Journal } from '../../scripts/journal.js';
import { latency, type ModelItem } from './model.js';
import type { Recorder } from './record.js';
import { labelled, placed, storyboardOf, videoOf } from './storyteller.js';

type Options = Parameters<ScriptRunner['run']>[2];

export interface Timing {
  readonly seed: number;
  /** How long a second of the model lasts (ms); 0: every call is answered at once. */
  readonly secondMs: number;
}

/**
 * Takes the place of the media scripts: instead of asking a provider it waits as long as the model says. Journal, product and result are what the script
 * would have left, written in the same order and as durably, so that nothing of what they are for is switched off.
 */
export class ModelledScripts implements Pick<ScriptRunner, 'run'> {
  constructor(
    private readonly timing: Timing,
    private readonly recorder: Recorder,
    /** Holds one small file of each format. */
    private readonly media: string,
  ) {}

  async run<N extends ScriptName>(name: N, args: ScriptArguments<N>, { signal, journal, onSubmitted }: Options): Promise<ScriptResult<N>> {
    const item = await ITEMS[name](args);
    const kept = journal === undefined ? null : new Journal(journal);
    try {
      const result = await new Workspace(dirname(args.out)).write(basename(args.out), async (out) => {
        await kept?.begin();
        const ended = item && this.recorder.begin(item);
        try {
          if (kept && name === 'generate-video') await submit(kept, `job-${basename(args.out)}`, onSubmitted);
          if (item && this.timing.secondMs > 0) await sleep(latency(this.timing.seed, item) * this.timing.secondMs, undefined, { signal });
        } finally {
          ended?.();
        }
        if (item?.kind === 'storyboard') await writeFile(out, JSON.stringify(storyboardOf(this.timing.seed, item.video)));
        else await copyFile(join(this.media, `tiny${extname(out)}`), out);
        return RESULTS[name](args);
      });
      await kept?.write({ event: 'done', result });
      return result;
    } catch (error) {
      const failure = signal.aborted ? stopped(error) : Failure.from(error);
      await kept?.write({ event: 'failed', failure: { ...failure.toJSON(), billed: 'no' } });
      throw failure;
    }
  }
}

async function submit(journal: Journal, jobId: string, onSubmitted: Options['onSubmitted']): Promise<void> {
  await journal.write({ event: 'submitted', provider_job_id: jobId });
  await onSubmitted?.(jobId);
}

function stopped(cause: unknown): Failure {
  return transient({ code: 'STOPPED', message: 'The modelled call was stopped', userMessage: 'The work was stopped.', cause });
}

/** Which item of the model a script is run for; null where it takes no time. */
const ITEMS: { readonly [N in ScriptName]: (args: ScriptArguments<N>) => ModelItem | null | Promise<ModelItem> } = {
  'write-storyboard': ({ brief }) => ({ video: videoOf(brief), kind: 'storyboard', position: 0 }),
  'generate-asset': ({ prompt }) => ({ ...told(prompt), kind: 'image' }),
  'create-composite': ({ environment }) => ({ ...placed(basename(environment)), kind: 'composite' }),
  'create-split-screen': ({ left }) => ({ ...placed(basename(left)), kind: 'composite' }),
  'generate-video': ({ motion }) => ({ ...told(motion), kind: 'clip' }),
  'generate-audio': ({ text }) => ({ ...told(text), kind: 'narration' }),
  'generate-sound-effects': ({ prompt }) => ({ ...told(prompt), kind: 'sound_effect' }),
  // Its video is named by the storyboard, which lies beside the cut.
  'assemble-video': async ({ out }) => ({
    video: videoOf(await readFile(join(dirname(out), 'storyboard.json'), 'utf8')),
    kind: 'cut',
    position: 0,
  }),
  'create-thumbnail': () => null,
};

function told(text: string): { video: number; position: number } {
  const item = labelled(text);
  if (!item) throw new Error(`This names no item of the benchmark: ${text}`);
  return item;
}

/** What each script reports. */
const RESULTS: { readonly [N in ScriptName]: (args: ScriptArguments<N>) => ScriptResult<N> } = {
  'write-storyboard': () => ({ model: 'modelled', input_tokens: 3_500, output_tokens: 6_500 }),
  'generate-asset': () => ({ model: 'modelled' }),
  'create-composite': () => ({}),
  'create-split-screen': () => ({}),
  'generate-video': () => ({ model: 'modelled' }),
  'generate-audio': ({ text }) => ({
    model: 'modelled',
    characters: text.length,
    words: text.split(' ').map((word, index) => ({ word, start_ms: index * 40, end_ms: index * 40 + 30 })),
  }),
  'generate-sound-effects': () => ({ model: 'modelled' }),
  'assemble-video': () => ({
    scenes: Array.from({ length: 18 }, (_, scene) => ({ start_ms: scene * 1_000, duration_ms: 1_000 })),
    findings: [],
  }),
  'create-thumbnail': () => ({ at_ms: 0 }),
};
