import { enableCompileCache } from 'node:module';
import { basename, dirname } from 'node:path';
import {
  Failure,
  permanent,
  reached,
  transient,
  type Billed,
  type ScriptEvent,
  type ScriptName,
  type ScriptResult,
  type TurnName,
} from '#pipeline';
import type { Waiting } from '#providers/registry';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { Caller, waitingAlone } from './caller.js';
import { Journal } from './journal.js';
import { ProgressBar } from './progress-bar.js';

// The media scripts start once an item; compiling their libraries anew each time would be most of what they do.
enableCompileCache();

/** What a script's work may use besides its options. */
export interface ScriptContext<N extends ScriptName> {
  /** Aborted by SIGTERM and SIGINT, and with `--json` when the process that started the script is gone. */
  readonly signal: AbortSignal;
  /**
   * Makes the one call that is paid for. From then on the script goes on to its end whoever is gone: what is billed is brought home.
   * @throws Failure STOPPED when the signal is aborted already, CALL_VOID when somebody else has taken over
   */
  paid<T>(call: () => Promise<T>): Promise<T>;
  /** Says something on the way: for people when they look, for the service as a line of JSON. */
  report(event: Exclude<ScriptEvent<N>, { event: 'done' }>): Promise<void>;
  /** How to wait for a provider's job, together with all others who ask the same provider. */
  waiting(of: TurnName): Waiting;
}

/** A script: its name, its options, and its work, which writes one file and returns what else is known of it. */
export interface Script<N extends ScriptName, Options extends { out: string }> {
  readonly name: N;
  readonly about: string;
  readonly example: string;
  /** What its progress counts, in people's words; left out, it reports none. */
  readonly counts?: string;
  options(command: Command): Command;
  run(options: Options, context: ScriptContext<N>): Promise<ScriptResult<N>>;
  /** What people want to know of the file besides its name. */
  summary?(result: ScriptResult<N>, out: string): Promise<string>;
}

/**
 * Runs a script from the command line: exit code 0 or 1, a line for people (or events) on stdout, one line of JSON on stderr when it
 * failed. The file appears under its name only when it is whole.
 */
export async function runScript<N extends ScriptName, Options extends { out: string }>(script: Script<N, Options>): Promise<never> {
  const command = script
    .options(new Command(script.name).description(script.about))
    .requiredOption('--out <file>', 'the file to write')
    .option('--json', 'print one JSON event a line, and stop when stdin is closed')
    .option('--journal <file>', 'keep a journal of the paid call, for whoever comes after a crash; must not exist')
    .addHelpText('after', `\nExample:\n  ${script.example}`);
  return execute(command, async (signal, caller) => {
    const options = command.opts<Options & { json?: boolean; journal?: string }>();
    const journal = options.journal === undefined ? null : new Journal(options.journal);
    const bar = script.counts && !options.json && process.stdout.isTTY ? new ProgressBar(process.stdout, script.counts) : null;
    const report = async (event: ScriptEvent<N>) => {
      if (event.event === 'submitted' || event.event === 'done') await journal?.write(event);
      if (options.json) process.stdout.write(`${JSON.stringify(event)}\n`);
      else if (event.event === 'submitted')
        process.stdout.write(`Submitted as ${event.provider_job_id}; it can be picked up with --job.\n`);
      else if (event.event === 'progress') bar?.show(event);
    };
    const waiting = (of: TurnName) => caller?.waiting(of, signal, report) ?? waitingAlone(signal);
    const call = { answered: false };
    const paid = async <T>(make: () => Promise<T>): Promise<T> => {
      if (signal.aborted) throw stopped(signal.reason);
      await journal?.begin();
      reached('call_begun');
      const answer = await make();
      reached('call_answered');
      call.answered = true;
      return answer;
    };
    try {
      // Loaded when the command line is known to be right, so that --help and mistakes need not wait for it.
      const { Workspace } = await import('#media');
      const result = await new Workspace(dirname(options.out))
        .write(basename(options.out), (out) => script.run({ ...options, out }, { signal, paid, report, waiting }))
        .finally(() => bar?.clear());
      await report({ event: 'done', file: options.out, result });
      if (options.json) return;
      const summary = await script.summary?.(result, options.out);
      process.stdout.write(`Wrote ${options.out}${summary ? `: ${summary}` : ''}\n`);
    } catch (error) {
      const failure = failureOf(error, signal);
      await journal?.write({ event: 'failed', failure: { ...failure.toJSON(), billed: call.answered ? 'yes' : failure.billed } });
      throw failure;
    }
  });
}

/** The frame of every script: parses the command line, passes on signals, turns whatever is thrown into the error line. */
export async function execute(command: Command, work: (signal: AbortSignal, caller: Caller | null) => Promise<void>): Promise<never> {
  const stopping = new AbortController();
  const stop = () => {
    stopping.abort(new Error('The script was told to stop'));
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
  try {
    const secrets = command.options.filter(({ hidden }) => hidden).map(({ envVar }) => envVar);
    if (secrets.length > 0) command.addHelpText('after', `\nOnly from the environment:\n  ${secrets.join('\n  ')}`);
    // Commander's own complaint would be a second error on stderr.
    command
      .exitOverride()
      .configureOutput({ outputError: () => undefined })
      .parse();
    checkEnvironment(command);
    const caller = command.opts<{ json?: boolean }>().json ? new Caller(stop) : null;
    // What is said to nobody must not end what is being paid for.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
    await work(stopping.signal, caller);
    return await end(process.stdout, '', 0);
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return end(process.stdout, '', 0);
    return end(process.stderr, `${JSON.stringify(failureOf(error, stopping.signal))}\n`, 1);
  }
}

/** Options that the environment can give must have come from somewhere; secrets only from there. An empty variable counts as not set. */
function checkEnvironment(command: Command): void {
  for (const option of command.options) {
    const { envVar, hidden, long } = option;
    if (!envVar) continue;
    const name = option.attributeName();
    if (hidden && command.getOptionValueSource(name) === 'cli') {
      throw badArguments(`${long ?? name} would show in the list of processes; set ${envVar} instead`);
    }
    if (command.getOptionValue(name)) continue;
    throw badArguments(hidden ? `${envVar} is not set` : `neither ${long ?? name} is given nor ${envVar} set`);
  }
}

/** What is said at last reaches its reader before the process is gone, also through a pipe that is slow. */
function end(stream: NodeJS.WriteStream, text: string, code: 0 | 1): Promise<never> {
  return new Promise(() => {
    stream.write(text, () => process.exit(code));
  });
}

function failureOf(error: unknown, { aborted }: AbortSignal): Failure {
  if (error instanceof CommanderError) return badArguments(error.message.replace(/^error: /, ''));
  const failure = Failure.from(error);
  // A request that was ended with the script looks like one that failed; what no other try can mend, or was paid for, is said all the same.
  if (!aborted || !failure.retriable || failure.billed === 'yes') return failure;
  return stopped(failure.message, failure.billed);
}

/** What may have been paid for stays so: the order to stop says nothing of an answer that was lost meanwhile. */
function stopped(why: unknown, billed: Billed = 'no'): Failure {
  const message = `The script was told to stop: ${why instanceof Error ? why.message : String(why)}`;
  return transient({ code: 'STOPPED', message, userMessage: 'The work was stopped.', billed });
}

/** A mistake of whoever called the script. */
export function badArguments(message: string): Failure {
  return permanent({ code: 'BAD_ARGUMENTS', message, userMessage: `The command line is wrong: ${message}. See --help.` });
}

/** An option whose value may also come from the environment. */
export function fromEnvironment(flags: string, about: string, variable: string): Option {
  return new Option(flags, about).env(variable);
}

/** Gathers an option that may be given several times, for commander. */
export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

/** Parses a number between two bounds, for commander. */
export function number(min: number, max: number) {
  return (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || value < min || value > max)
      throw new InvalidArgumentError(`It must be a number from ${min} to ${max}.`);
    return value;
  };
}
