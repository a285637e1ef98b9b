import type { FailureLine } from './failure.js';
import type { ClipSeconds, WordTiming } from './items.js';

/**
 * The media scripts: what each is given on its command line (`--kebab-case` options of the same names) and what it reports besides its
 * file. Services run them as subprocesses; with `--json` a script prints one `ScriptEvent` a line on stdout.
 */
interface Scripts {
  /** `instructions`: a file; `brief`: what the creator asked for; `scenes`: how many. The file that is written is the storyboard, checked. */
  'write-storyboard': {
    arguments: { instructions: string; brief: string; scenes: number; out: string };
    result: { model: string; input_tokens: number; output_tokens: number };
  };
  'generate-asset': { arguments: { prompt: string; out: string }; result: { model: string } };
  'create-composite': { arguments: { environment: string; character?: string; out: string }; result: Record<string, never> };
  'create-split-screen': { arguments: { left: string; right: string; out: string }; result: Record<string, never> };
  'generate-video': {
    /** `job`: a provider job that was submitted before; it is picked up, nothing is submitted. `callback`: where KIE says that it is over. */
    arguments: { image: string; motion: string; seconds: ClipSeconds; out: string; job?: string; callback?: string };
    result: { model: string };
  };
  'generate-audio': {
    arguments: { text: string; voice: string; language: string; out: string };
    result: { model: string; characters: number; words: WordTiming[] };
  };
  'generate-sound-effects': { arguments: { prompt: string; seconds: number; out: string }; result: { model: string } };
  'assemble-video': { arguments: { manifest: string; out: string }; result: { scenes: { start_ms: number; duration_ms: number }[] } };
}

export type ScriptName = keyof Scripts;
export type ScriptArguments<N extends ScriptName> = Scripts[N]['arguments'];
export type ScriptResult<N extends ScriptName> = Scripts[N]['result'];

/** What a script with `--json` says on stdout. `submitted` comes at once after a paid provider job was accepted. */
export type ScriptEvent<N extends ScriptName = ScriptName> =
  | { event: 'submitted'; provider_job_id: string }
  | { event: 'progress'; done: number; total: number }
  | { event: 'done'; file: string; result: ScriptResult<N> };

/**
 * What a script writes into its `--journal`, one JSON object a line. The file comes into being right before the provider is called, and only
 * once: whoever finds none after a crash creates it with `void`, and a script that is late finds that it must not call any more.
 */
export type JournalEntry<N extends ScriptName = ScriptName> =
  | { event: 'calling' }
  | { event: 'void' }
  | { event: 'submitted'; provider_job_id: string }
  | { event: 'done'; result: ScriptResult<N> }
  | { event: 'failed'; failure: FailureLine };
