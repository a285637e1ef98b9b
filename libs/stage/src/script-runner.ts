import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { elevenLabsAccess, geminiAccess, kieAccess, settings, type Settings } from '#config';
import { Failure, transient, type ScriptArguments, type ScriptEvent, type ScriptName, type ScriptResult } from '#pipeline';
import { Inject, Injectable } from '@nestjs/common';
import { execa, type ExecaError } from 'execa';

export interface RunOptions {
  signal: AbortSignal;
  /** Awaited before anything else of the script is heard: the provider has accepted a job and will bill it. */
  onSubmitted?: (providerJobId: string) => Promise<void>;
}

/** How long a script that was told to stop may take (ms). */
const STOP_MS = 5_000;

/** Runs the media scripts as subprocesses, so that heavy work neither blocks this process nor takes it down. */
@Injectable()
export class ScriptRunner {
  constructor(@Inject(settings.KEY) private readonly settings: Settings) {}

  /**
   * Runs a script to its end. Aborting the signal ends it and whatever it has started.
   * @throws Failure that the script reported, or SCRIPT_BROKEN when it ended without a word
   */
  async run<N extends ScriptName>(name: N, args: ScriptArguments<N>, { signal, onSubmitted }: RunOptions): Promise<ScriptResult<N>> {
    const script = execa(process.execPath, [scriptPath(name), ...commandLine(args), '--json'], {
      env: this.environment(name),
      stdin: 'pipe',
      cancelSignal: signal,
      forceKillAfterDelay: STOP_MS,
      // SIGKILL of the script alone would leave its ffmpeg running.
      killDescendants: true,
    });
    try {
      let result: ScriptResult<N> | undefined;
      for await (const line of script.iterable()) {
        const event = JSON.parse(line) as ScriptEvent<N>;
        if (event.event === 'submitted') await onSubmitted?.(event.provider_job_id);
        if (event.event === 'done') result = event.result;
      }
      await script;
      if (result === undefined) throw new Error('it reported no result');
      return result;
    } catch (error) {
      throw scriptFailure(name, error, signal);
    }
  }

  /** Its own provider's address, key and model. */
  private environment(name: ScriptName): Record<string, string> {
    const { settings: values } = this;
    switch (name) {
      case 'generate-asset': {
        const { baseUrl, apiKey } = geminiAccess(values);
        return { GEMINI_BASE_URL: baseUrl, GEMINI_API_KEY: apiKey, GEMINI_IMAGE_MODEL: values.GEMINI_IMAGE_MODEL };
      }
      case 'generate-video': {
        const { baseUrl, uploadBaseUrl, apiKey } = kieAccess(values);
        return { KIE_BASE_URL: baseUrl, KIE_UPLOAD_BASE_URL: uploadBaseUrl, KIE_API_KEY: apiKey, KIE_CLIP_MODEL: values.KIE_CLIP_MODEL };
      }
      case 'generate-audio':
      case 'generate-sound-effects': {
        const { baseUrl, apiKey } = elevenLabsAccess(values);
        const { ELEVENLABS_SPEECH_MODEL, ELEVENLABS_EFFECT_MODEL } = values;
        return { ELEVENLABS_BASE_URL: baseUrl, ELEVENLABS_API_KEY: apiKey, ELEVENLABS_SPEECH_MODEL, ELEVENLABS_EFFECT_MODEL };
      }
      case 'create-composite':
      case 'create-split-screen':
      case 'assemble-video':
        return {};
    }
  }
}

/** The compiled script of that name: under `dist`, wherever this file was loaded from. */
export function scriptPath(name: string): string {
  return join(projectRoot(), 'dist/scripts', `${name}.js`);
}

function projectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

function commandLine(args: object): string[] {
  return Object.entries(args).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${String(value)}`]));
}

function scriptFailure(name: ScriptName, error: unknown, signal: AbortSignal): Failure {
  if (error instanceof Failure) return error;
  if (signal.aborted)
    return transient({
      code: 'STOPPED',
      message: `${name} was stopped: ${String(signal.reason)}`,
      userMessage: 'The work was stopped; it goes on by itself.',
      cause: error,
    });
  const { stderr } = error as Partial<ExecaError>;
  const said = typeof stderr === 'string' ? stderr.trim().split('\n') : [];
  const reported = said.map((line) => Failure.parse(line)).findLast((failure) => failure !== null);
  if (reported) return reported;
  const why = said.slice(-5).join('\n') || (error instanceof Error ? error.message : String(error));
  return transient({
    code: 'SCRIPT_BROKEN',
    message: `${name} failed: ${why}`,
    userMessage: 'A media command broke down. It is tried again by itself; the log has the details.',
    cause: error,
  });
}
