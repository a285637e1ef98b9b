import type { FailureLine } from './failure.js';
import type { Finding } from './findings.js';
import type { CutResult, TitlePosition, VideoEncoder, WordTiming } from './items.js';

/**
 * The media scripts: what each is given on its command line (`--kebab-case` options of the same names) and what it reports besides its
 * file. Services run them as subprocesses; with `--json` a script prints one `ScriptEvent` a line on stdout.
 */
interface Scripts {
  /**
   * `instructions`: a folder; `brief`: what the creator asked for; `scenes`: how many; `narration`: the creator's own text, which is then only broken
   * into scenes, as many as it takes; `credits`: what will stand under every description. The file that is written is the storyboard, checked.
   */
  'write-storyboard': {
    arguments: { instructions: string; brief: string; scenes?: number; narration?: string; credits?: string; out: string };
    result: { model: string; input_tokens: number; output_tokens: number };
  };
  /** `reference`: pictures of what is to look the same. */
  'generate-asset': { arguments: { prompt: string; reference?: readonly string[]; out: string }; result: { model: string } };
  'create-composite': { arguments: { environment: string; character?: string; out: string }; result: Record<string, never> };
  'create-split-screen': { arguments: { left: string; right: string; out: string }; result: Record<string, never> };
  'generate-video': {
    /** `job`: a provider job that was submitted before; it is picked up, nothing is submitted. `callback`: where KIE says that it is over. */
    arguments: { image: string; motion: string; seconds: number; out: string; job?: string; callback?: string };
    result: { model: string };
  };
  'generate-audio': {
    /** `say`: `word=how it is said`; the times are of the words as they are written. */
    arguments: { text: string; voice: string; language: string; before?: string; after?: string; say?: readonly string[]; out: string };
    result: { model: string; characters: number; words: WordTiming[] };
  };
  'generate-sound-effects': { arguments: { prompt: string; seconds: number; out: string }; result: { model: string } };
  /** `cache`: a folder that keeps what is drawn and mixed, for the next cut in which little has changed; `encoder`: what draws, if it can be used. */
  'assemble-video': {
    arguments: { manifest: string; cache?: string; encoder?: VideoEncoder; out: string };
    result: CutResult & { findings: Finding[] };
  };
  /**
   * `candidate`: which one, from 1, each of another part of the video; `again`: how often it was made before, each time with another frame; `title`: what is written on it,
   * `color` and `outline` as `#rrggbb`.
   */
  'create-thumbnail': {
    arguments: {
      video: string;
      candidate: number;
      again?: number;
      title?: string;
      color?: string;
      outline?: string;
      position?: TitlePosition;
      font?: string;
      out: string;
    };
    result: { at_ms: number };
  };
}

export type ScriptName = keyof Scripts;
export type ScriptArguments<N extends ScriptName> = Scripts[N]['arguments'];
export type ScriptResult<N extends ScriptName> = Scripts[N]['result'];

/** Requests of which a provider takes only so many in a time, whoever sends them. */
export const TURNS = ['clip_submit', 'clip_ask'] as const;
export type TurnName = (typeof TURNS)[number];

/**
 * What a script with `--json` says on stdout. `submitted` comes at once after a paid provider job was accepted. After `turn` the script waits for the line
 * `go` on stdin: one more such request may be sent. `at_once`: how many requests its provider allows at a time. `progress` counts what the script works
 * through, a cut its frames. On stdin it may also be told `news`: the job that it waits for is worth another look.
 */
export type ScriptEvent<N extends ScriptName = ScriptName> =
  | { event: 'submitted'; provider_job_id: string }
  | { event: 'turn'; of: TurnName }
  | { event: 'at_once'; count: number }
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
