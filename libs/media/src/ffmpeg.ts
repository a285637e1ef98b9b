import { setPriority } from 'node:os';
import { type Failure, diskFull, permanent, transient } from '#pipeline';
import { execa, type ExecaError } from 'execa';

export interface ToolOptions {
  signal?: AbortSignal;
  /** Called with the frames written so far. */
  onFrame?: (frames: number) => void;
  /** Leaves the processor to whoever wants it more. */
  background?: boolean;
  /** What ffmpeg reads from `pipe:0`. */
  input?: AsyncIterable<Uint8Array>;
  /** The folder that names of files inside of filters are relative to. */
  cwd?: string;
}

/** The code of a file that is not what it has to be. */
export const MEDIA_UNUSABLE = 'MEDIA_UNUSABLE';

/** The niceness of work in the background. */
const NICE = 10;

/** Lines of a tool's complaint that are worth keeping. */
const KEPT_LINES = 20;

/**
 * Runs ffmpeg; overwrites its output, reads no input from the terminal.
 * @throws Failure with the end of what ffmpeg said
 */
export async function ffmpeg(
  args: readonly string[],
  { signal, onFrame, background = false, input, cwd }: ToolOptions = {},
): Promise<void> {
  const progress = onFrame ? ['-progress', 'pipe:1', '-nostats'] : [];
  const running = execa('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-nostdin', '-y', ...progress, ...args], {
    ...options(signal),
    ...(input && { stdin: [input] }),
    ...(cwd && { cwd }),
  });
  if (background) lowerPriority(running.pid);
  try {
    if (onFrame) {
      for await (const line of running.iterable()) {
        const frames = /^frame=\s*(\d+)/.exec(line)?.[1];
        if (frames) onFrame(Number(frames));
      }
    }
    await running;
  } catch (error) {
    throw toolFailure('ffmpeg', error, signal);
  }
}

/**
 * Runs ffmpeg and returns what it says on the way, such as what its filters have found.
 * @throws Failure as `ffmpeg`
 */
export async function ffmpegSays(args: readonly string[], { signal }: Pick<ToolOptions, 'signal'> = {}): Promise<string> {
  try {
    const { stderr } = await execa('ffmpeg', ['-hide_banner', '-nostats', '-nostdin', '-y', ...args], options(signal));
    return stderr;
  } catch (error) {
    throw toolFailure('ffmpeg', error, signal);
  }
}

/**
 * Runs ffmpeg's filters over a file and returns what they print on stdout.
 * @throws Failure as `ffmpeg`
 */
export async function ffmpegPrints(args: readonly string[], signal?: AbortSignal): Promise<string> {
  try {
    const { stdout } = await execa(
      'ffmpeg',
      ['-hide_banner', '-loglevel', 'error', '-nostdin', ...args, '-f', 'null', '-'],
      options(signal),
    );
    return stdout;
  } catch (error) {
    throw toolFailure('ffmpeg', error, signal);
  }
}

/** Runs ffprobe and returns what it prints. */
export async function ffprobe(args: readonly string[], signal?: AbortSignal): Promise<string> {
  try {
    const { stdout } = await execa('ffprobe', ['-hide_banner', '-loglevel', 'error', ...args], options(signal));
    return stdout;
  } catch (error) {
    throw toolFailure('ffprobe', error, signal);
  }
}

function lowerPriority(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, NICE);
  } catch {
    // It has ended already.
  }
}

/** No process group of its own: a tool stays in its script's, so that whoever ends the script by force ends the tool, too. */
function options(signal?: AbortSignal) {
  return { stdin: 'ignore', forceKillAfterDelay: 3_000, ...(signal && { cancelSignal: signal }) } as const;
}

/**
 * For work in this process, between its parts.
 * @throws Failure STOPPED when the signal says so
 */
export function throwIfStopped(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw stopped('The work', signal.reason);
}

function stopped(what: string, cause: unknown): Failure {
  return transient({
    code: 'STOPPED',
    message: `${what} was stopped`,
    userMessage: 'The work was stopped; it goes on by itself.',
    cause,
  });
}

function toolFailure(tool: string, error: unknown, signal?: AbortSignal): Failure {
  const { code, stderr, shortMessage, isTerminated } = error as Partial<ExecaError>;
  if (code === 'ENOENT') {
    return permanent({
      code: 'TOOL_MISSING',
      message: `${tool} is not on PATH`,
      userMessage: 'FFmpeg is not installed on the machine that does this work. Install it (Debian: apt-get install ffmpeg), then retry.',
      cause: error,
    });
  }
  if (signal?.aborted) return stopped(tool, error);
  if (isTerminated) {
    return transient({
      code: 'TOOL_KILLED',
      message: `${tool} was ended from outside: ${shortMessage ?? String(error)}`,
      userMessage: 'FFmpeg was ended from outside, most often for want of memory. It is tried again by itself.',
      cause: error,
    });
  }
  const said = typeof stderr === 'string' ? stderr.trim().split('\n').slice(-KEPT_LINES).join('\n') : '';
  if (said.includes('No space left on device')) {
    return diskFull(`${tool}: ${said}`, error);
  }
  return permanent({
    code: MEDIA_UNUSABLE,
    message: `${tool}: ${said || (shortMessage ?? String(error))}`,
    userMessage: `A media file could not be worked with: ${said.split('\n')[0] || 'the log says why'}. Ask for the item to be made again.`,
    cause: error,
  });
}
