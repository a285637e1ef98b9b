/** What a failure means for the item it happened to; the one word decides what the machinery does with it. */
const FAILURE_KINDS = [
  /** Time-out, connection, 429, 5xx: tried again on the ladder. */
  'transient',
  /** A quota is used up: waits for its reset and costs no attempt. */
  'quota',
  /** Nothing has failed: something else has to happen first. Costs no attempt and alarms nobody. */
  'waiting',
  /** Bad input, bad key, refusal: no attempt can succeed until a person changes something. */
  'permanent',
] as const;
export type FailureKind = (typeof FAILURE_KINDS)[number];

/** Whether a failed call to a provider that takes money was billed all the same: a refusal is not, an answer that was lost may have been. */
const BILLED = ['no', 'yes', 'unknown'] as const;
export type Billed = (typeof BILLED)[number];

export interface FailureOptions {
  readonly kind: FailureKind;
  /** For machines: stable, UPPER_SNAKE_CASE, e.g. `GEMINI_SAFETY_BLOCK`. */
  readonly code: string;
  /** For engineers: what happened. Never holds a secret. */
  readonly message: string;
  /** For the creator: what to do now. */
  readonly userMessage: string;
  /** The earliest moment at which another try makes sense, from now (ms); the provider's Retry-After or the quota's reset. */
  readonly retryAfterMs?: number;
  /** Left out: no. */
  readonly billed?: Billed;
  /** The provider's job is over without a result, so that another try needs a new one. Left out: it is not, or there is none. */
  readonly endsJob?: boolean;
  /** A provider was asked for more than it allows at a time. */
  readonly rateLimited?: boolean;
  readonly cause?: unknown;
}

/** The one error class of the pipeline. Providers, scripts and stages throw it; anything else becomes one by `Failure.from`. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly kind: FailureKind;
  readonly code: string;
  readonly userMessage: string;
  readonly retryAfterMs: number | undefined;
  readonly billed: Billed;
  readonly endsJob: boolean;
  readonly rateLimited: boolean;

  constructor(options: FailureOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = options.kind;
    this.code = options.code;
    this.userMessage = options.userMessage;
    this.retryAfterMs = options.retryAfterMs;
    this.billed = options.billed ?? 'no';
    this.endsJob = options.endsJob ?? false;
    this.rateLimited = options.rateLimited ?? false;
  }

  get retriable(): boolean {
    return this.kind !== 'permanent';
  }

  /**
   * Any thrown value as a Failure. What nobody classified is transient: an unknown error is more often the network's or ours than
   * the input's, the ladder bounds what it can cost, and after the last rung it reaches a person all the same. For the same reason nobody
   * knows whether it was billed.
   */
  static from(error: unknown): Failure {
    if (error instanceof Failure) return error;
    const message = error instanceof Error ? error.message : String(error);
    // Another try would only be paid for again.
    if (isDiskFull(error, message)) return diskFull(message, error);
    return new Failure({
      kind: 'transient',
      code: 'UNEXPECTED',
      message,
      userMessage: 'Something unexpected went wrong. It is tried again by itself; the log says what it was.',
      billed: 'unknown',
      cause: error,
    });
  }

  /** The error line that a script prints on stderr. */
  toJSON(): FailureLine {
    return {
      code: this.code,
      message: this.message,
      user_message: this.userMessage,
      kind: this.kind,
      retriable: this.retriable,
      billed: this.billed,
      ...(this.retryAfterMs === undefined ? {} : { retry_after_seconds: Math.ceil(this.retryAfterMs / 1_000) }),
      ...(this.endsJob && { ends_job: true }),
      ...(this.rateLimited && { rate_limited: true }),
    };
  }

  /** The failure that a script reported, or null when the line is not one. */
  static parse(line: string): Failure | null {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      return null;
    }
    if (!isFailureLine(value)) return null;
    return new Failure({
      kind: value.kind,
      code: value.code,
      message: value.message,
      userMessage: value.user_message,
      billed: value.billed,
      endsJob: value.ends_job === true,
      rateLimited: value.rate_limited === true,
      ...(value.retry_after_seconds === undefined ? {} : { retryAfterMs: value.retry_after_seconds * 1_000 }),
    });
  }
}

/** Whether something could not be written for want of room, as Node says it, or a library in words. */
function isDiskFull(error: unknown, message: string): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return code === 'ENOSPC' || code === 'EDQUOT' || /no space left on device/i.test(message);
}

/** There is no room for what is made: nothing can succeed until somebody makes some. */
export function diskFull(message: string, cause: unknown): Failure {
  return permanent({
    code: 'DISK_FULL',
    message,
    userMessage: 'The disk that holds the media is full. Make room on it, then retry.',
    cause,
  });
}

/** Codes of Node and its fetch for a connection that was never made. */
const NEVER_CONNECTED = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'];

/** Whether a request failed before any of it left this machine, however deep its library has wrapped the reason. */
export function wasNeverSent(error: unknown): boolean {
  for (let cause = error; typeof cause === 'object' && cause !== null; cause = (cause as { cause?: unknown }).cause) {
    const { code, syscall } = cause as { code?: unknown; syscall?: unknown };
    if (syscall === 'connect' || syscall === 'getaddrinfo' || NEVER_CONNECTED.includes(String(code))) return true;
  }
  return false;
}

/** A script's error, one line of JSON on stderr. */
export interface FailureLine {
  code: string;
  message: string;
  user_message: string;
  kind: FailureKind;
  retriable: boolean;
  billed: Billed;
  retry_after_seconds?: number;
  ends_job?: boolean;
  rate_limited?: boolean;
}

function isFailureLine(value: unknown): value is FailureLine {
  if (typeof value !== 'object' || value === null) return false;
  const line = value as Partial<Record<keyof FailureLine, unknown>>;
  return (
    typeof line.code === 'string' &&
    typeof line.message === 'string' &&
    typeof line.user_message === 'string' &&
    FAILURE_KINDS.some((kind) => kind === line.kind) &&
    BILLED.some((billed) => billed === line.billed) &&
    (line.retry_after_seconds === undefined || typeof line.retry_after_seconds === 'number')
  );
}

/** Shorthands for the kinds. */
export const transient = (options: Omit<FailureOptions, 'kind'>): Failure => new Failure({ ...options, kind: 'transient' });
export const quotaExhausted = (options: Omit<FailureOptions, 'kind'>): Failure => new Failure({ ...options, kind: 'quota' });
export const waiting = (options: Omit<FailureOptions, 'kind'> & { retryAfterMs: number }): Failure =>
  new Failure({ ...options, kind: 'waiting' });
export const permanent = (options: Omit<FailureOptions, 'kind'>): Failure => new Failure({ ...options, kind: 'permanent' });

/** Waits before the second, third, fourth and fifth try (ms). */
export const RETRY_LADDER_MS: readonly number[] = [1, 5, 15, 60].map((minutes) => minutes * 60_000);

/**
 * How long to wait before the next try (ms), or null when the ladder is used up.
 * @param attempt how many tries have been made (1 after the first)
 * @param random a number in [0, 1): the jitter of +-25 % keeps items that failed together from coming back together
 */
export function retryDelayMs(
  attempt: number,
  failure: Failure,
  ladder: readonly number[] = RETRY_LADDER_MS,
  random: number = Math.random(),
): number | null {
  const rung = ladder[attempt - 1];
  if (rung === undefined) return null;
  return Math.max(Math.round(rung * (0.75 + random * 0.5)), failure.retryAfterMs ?? 0);
}
