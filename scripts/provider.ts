import {
  ProviderUnreachable,
  choices,
  reach,
  reachHosts,
  settingsOf,
  type ModelPort,
  type Ports,
  type Reached,
  type ReachedHost,
} from '#providers/registry';
import type { Command } from 'commander';
import { badArguments } from './cli.js';

/** What every script that asks a provider can be told of it. */
export interface ProviderOptions {
  provider?: string;
  model?: string;
}

/** Adds the options; who is asked, where and with which key also comes from the environment. */
export function withProvider(command: Command, port: ModelPort): Command {
  const variables = choices(port).flatMap((name) =>
    settingsOf(name)
      .map(({ name: setting }) => setting)
      .filter((setting) => /_(API_KEY|BASE_URL)$/.test(setting) || setting.endsWith(`_${port.toUpperCase()}_MODEL`)),
  );
  const all = [`${port.toUpperCase()}_PROVIDER`, ...variables, 'SIMULATOR_URL'];
  return command
    .option('--provider <name>', `${choices(port).join(' or ')} (also from ${port.toUpperCase()}_PROVIDER)`)
    .option('--model <id>', 'model, instead of the usual one')
    .addHelpText('after', `\nFrom the environment (keys from nowhere else; without one, the simulator is asked):\n  ${all.join('\n  ')}`);
}

/**
 * The provider that the command line and the environment choose.
 * @throws Failure BAD_ARGUMENTS that says what to set
 */
export function provider<P extends ModelPort>(port: P, options: ProviderOptions): Reached<P> {
  return said(() => {
    const reached = reach(port, process.env, options.provider);
    return { ...reached, model: options.model ?? reached.model };
  });
}

/**
 * Its client and the model to ask for.
 * @throws Failure BAD_ARGUMENTS that says what to set
 */
export async function client<P extends ModelPort>(port: P, options: ProviderOptions): Promise<{ client: Ports[P]; model: string }> {
  const reached = provider(port, options);
  return { client: await reached.open(), model: reached.model };
}

/**
 * The places where a picture can be shown to a clip model.
 * @throws Failure BAD_ARGUMENTS that says what to set
 */
export function hosts(options: { hosts?: string }, clips: { simulated: boolean }): ReachedHost[] {
  return said(() => reachHosts({ ...process.env, ...(options.hosts && { IMAGE_HOSTS: options.hosts }) }, clips));
}

/** A provider that cannot be reached is a mistake of whoever called the script. */
function said<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof ProviderUnreachable ? badArguments(error.message) : error;
  }
}
