import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SETTINGS, providerOf, settings, type Settings } from '#config';
import { Failure, transient, type ScriptArguments, type ScriptEvent, type ScriptName, type ScriptResult } from '#pipeline';
import { environmentOf, reachHosts, type ModelPort } from '#providers/registry';
import { Inject, Injectable } from '@nestjs/common';
import { execa, type ExecaError } from 'execa';
import { ProviderLimits } from './provider-limits.js';
import { heard } from './script-events.js';

export interface RunOptions {
  signal: AbortSignal;
  /** Where a paid call keeps its journal; see `JournalEntry`. */
  journal?: string;
  /** Awaited before anything else of the script is heard: the provider has accepted a job and will bill it. */
  onSubmitted?: (providerJobId: string) => Promise<void>;
  /** Told how many requests the provider says that it takes at once. */
  onAtOnce?: (count: number) => Promise<void>;
  /** Told how far the script is, as often as it says so; not waited for. */
  onProgress?: (progress: Extract<ScriptEvent, { event: 'progress' }>) => void;
}

/** How long a script that was told to stop may take: it brings home what it is paying for if it can (ms). */
const STOP_MS = 10_000;

/** Lines of a broken script's last words that are worth keeping. */
const KEPT_LINES = 20;

/** The port that a script's provider serves; scripts that are not named ask nobody. */
const PORT_OF: Readonly<Partial<Record<ScriptName, ModelPort>>> = {
  'write-storyboard': 'text',
  'generate-asset': 'image',
  'generate-video': 'clip',
  'generate-audio': 'speech',
  'generate-sound-effects': 'effect',
};

/** A script inherits PATH and the like, but none of the product's settings: databases and other providers' keys are not its business. */
const WITHHELD = Object.fromEntries(Object.keys(SETTINGS).map((name) => [name, undefined]));

/** Runs the media scripts as subprocesses, so that heavy work neither blocks this process nor takes it down. */
@Injectable()
export class ScriptRunner {
  constructor(
    @Inject(settings.KEY) private readonly settings: Settings,
    private readonly limits: ProviderLimits,
  ) {}

  /**
   * Runs a script to its end. Aborting the signal ends it and whatever it has started; a job that it submitted until then is still heard.
   * @throws Failure that the script reported, TIMED_OUT or STOPPED after an abort, SCRIPT_BROKEN
   * when it ended without a word
   */
  async run<N extends ScriptName>(
    name: N,
    args: ScriptArguments<N>,
    { signal, journal, onSubmitted, onAtOnce, onProgress }: RunOptions,
  ): Promise<ScriptResult<N>> {
    const ending = new AbortController();
    const script = execa(process.execPath, [this.path(name), ...commandLine({ ...args, journal }), '--json'], {
      env: { ...WITHHELD, ...this.environment(name) },
      stdin: 'pipe',
      cancelSignal: AbortSignal.any([signal, ending.signal]),
      forceKillAfterDelay: STOP_MS,
      // SIGKILL of the script alone would leave its ffmpeg running.
      killDescendants: true,
    });
    let result: ScriptResult<N> | undefined;
    const ended: (() => void)[] = [];
    const tell = (word: 'go' | 'news') => script.stdin.write(`${word}\n`);
    const follow = (jobId: string) =>
      ended.push(
        this.limits.listen(jobId, () => {
          tell('news');
        }),
      );
    const listen = async (line: string): Promise<void> => {
      const event = heard(name, line);
      if (event?.event === 'submitted') {
        await onSubmitted?.(event.provider_job_id);
        follow(event.provider_job_id);
      } else if (event?.event === 'turn') {
        await this.limits.turn(event.of);
        tell('go');
      } else if (event?.event === 'at_once') {
        await onAtOnce?.(event.count);
      } else if (event?.event === 'progress') onProgress?.(event);
      else if (event?.event === 'done') result = event.result;
    };
    script.stdin.on('error', () => undefined);
    if ('job' in args && args.job) follow(args.job);
    try {
      for await (const line of script.iterable()) {
        await listen(line).catch((error: unknown) => {
          ending.abort(error);
          throw error;
        });
      }
      await script;
    } catch (error) {
      throw scriptFailure(name, error, signal);
    } finally {
      for (const end of ended) end();
    }
    if (result === undefined) throw scriptFailure(name, new Error('it reported no result'), signal);
    return result;
  }

  /** The program that is run. */
  protected path(name: ScriptName): string {
    return scriptPath(name);
  }

  /** Its own provider's address, key and model, and those of the places where it shows pictures. */
  private environment(name: ScriptName): Record<string, string> {
    const [port, provider] = [PORT_OF[name], this.provider(name)];
    if (!port || !provider) return {};
    if (port !== 'clip') return environmentOf(port, provider);
    const hosts = reachHosts(this.settings, provider);
    const IMAGE_HOSTS = hosts.map((host) => host.name).join(',');
    return hosts.reduce((all, { environment }) => ({ ...all, ...environment }), { ...environmentOf(port, provider), IMAGE_HOSTS });
  }

  private provider(name: ScriptName) {
    const port = PORT_OF[name];
    return port ? providerOf(port, this.settings) : null;
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
  const given = (value: unknown): unknown[] => (Array.isArray(value) ? value : value === undefined ? [] : [value]);
  return Object.entries(args).flatMap(([name, value]) => given(value).map((one) => `--${name}=${String(one)}`));
}

function scriptFailure(name: ScriptName, error: unknown, signal: AbortSignal): Failure {
  if (error instanceof Failure) return error;
  const { stderr } = error as Partial<ExecaError>;
  const said = typeof stderr === 'string' ? stderr.trim().split('\n') : [];
  const reported = said.map((line) => Failure.parse(line)).findLast((failure) => failure !== null);
  // What no other try can mend is not hidden by the order to stop: a submission whose answer was lost must not be made again.
  if (reported && !(signal.aborted && reported.retriable)) return reported;
  if (signal.aborted) return stopped(name, signal.reason, error);
  const why = said.slice(-KEPT_LINES).join('\n') || (error instanceof Error ? error.message : String(error));
  return transient({
    code: 'SCRIPT_BROKEN',
    message: `${name} failed: ${why}`,
    userMessage: 'A media command broke down. It is tried again by itself; the log has the details.',
    cause: error,
  });
}

function stopped(name: ScriptName, reason: unknown, cause: unknown): Failure {
  if ((reason as { name?: unknown } | null)?.name === 'TimeoutError') {
    return transient({
      code: 'TIMED_OUT',
      message: `${name} took too long`,
      userMessage: 'This took longer than it may. It is tried again by itself; what a provider is still working on is picked up.',
      cause,
    });
  }
  return transient({
    code: 'STOPPED',
    message: `${name} was stopped: ${String(reason)}`,
    userMessage: 'The work was stopped; it goes on by itself.',
    cause,
  });
}
