import { type Failure, diskFull, permanent, transient } from '#pipeline';
import { execa, type ExecaError } from 'execa';

export interface ToolOptions {
  signal?: AbortSignal;
  /** Called with the frames written so far. */
  onFrame?: (frames: number) => void;
}

/** The code of a file that is not what it has to be. */
export const MEDIA_UNUSABLE = 'MEDIA_UNUSABLE';

/** Lines of a tool's complaint that are worth keeping. */
const KEPT_LINES = 20;

/**
 * Runs ffmpeg; overwrites its output, reads no input from the terminal.
 * @throws Failure with the end of what ffmpeg said
 */
export async function ffmpeg(args: readonly string[], { signal, onFrame }: ToolOptions = {}): Promise<void> {
  const progress = onFrame ? ['-progress', 'pipe:1', '-nostats'] : [];
  const running = execa('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-nostdin', '-y', ...progress, ...args], options(signal));
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

/** Runs ffprobe and returns what it prints. */
export async function ffprobe(args: readonly string[], signal?: AbortSignal): Promise<string> {
  try {
    const { stdout } = await execa('ffprobe', ['-hide_banner', '-loglevel', 'error', ...args], options(signal));
    return stdout;
  } catch (error) {
    throw toolFailure('ffprobe', error, signal);
  }
}

/** No process group of its own: a tool stays in its script's, so that whoever ends the script by force ends the tool, too. */
function options(signal?: AbortSignal) {
  return { stdin: 'ignore', forceKillAfterDelay: 3_000, ...(signal && { cancelSignal: signal }) } as const;
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
  if (signal?.aborted) {
    return transient({
      code: 'STOPPED',
      message: `${tool} was stopped`,
      userMessage: 'The work was stopped; it goes on by itself.',
      cause: error,
    });
  }
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
