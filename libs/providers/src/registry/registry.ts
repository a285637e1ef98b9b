import type { ImageHost, ModelPort, Offer, Port, Ports, Prices, Provider } from '../provider.js';
import { PROVIDERS } from './providers.js';

export type ProviderName = keyof typeof PROVIDERS;

/** The ports that a model serves; `host` is the other one. */
export const PORTS = ['text', 'image', 'clip', 'speech', 'effect'] as const satisfies readonly ModelPort[];

/** The simulator accepts this key and token for every provider that it plays. */
export const SIMULATED_KEY = 'simulated';

/** Any of them, as the next one may be. */
export const providerNamed = (name: ProviderName): Provider => PROVIDERS[name];
const all = Object.entries<Provider>(PROVIDERS) as [ProviderName, Provider][];
/** As settings begin with it. */
export const upper = <T extends string>(text: T) => text.toUpperCase() as Uppercase<T>;

/** The providers that can serve a port, the default first. */
export function choices(port: Port): readonly [ProviderName, ...ProviderName[]] {
  const [first, ...rest] = all.filter(([, provider]) => provider[port]).map(([name]) => name);
  if (!first) throw new RangeError(`No provider serves ${port}`);
  return [first, ...rest];
}

/** A provider that cannot be used as things are set; the message says what to set. */
export class ProviderUnreachable extends Error {
  override readonly name = 'ProviderUnreachable';
}

/** Settings by name, or an environment; what is empty counts as not set. */
type Values = Readonly<Record<string, unknown>>;

function valueOf(values: Values, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The provider that serves a port, with which model and at what price. */
export interface Chosen<P extends ModelPort> {
  readonly name: ProviderName;
  readonly title: string;
  readonly model: string;
  readonly usd: Prices[P];
}

/** The provider that serves a port, and how it is reached. */
export interface Reached<P extends ModelPort> extends Chosen<P> {
  readonly baseUrl: string;
  readonly apiKey: string;
  /** Played by the simulator, so that nothing which it makes may be published. */
  readonly simulated: boolean;
  /** Its client. */
  open(): Promise<Ports[P]>;
}

/**
 * The provider that the settings choose for a port; whether it can be reached is another question.
 * @param wanted instead of the chosen one
 * @throws ProviderUnreachable when it cannot serve the port
 */
export function choose<P extends ModelPort>(port: P, values: Values, wanted?: string): Chosen<P> {
  const name = chosen(port, wanted ?? valueOf(values, `${upper(port)}_PROVIDER`));
  const { models } = offerOf(name, port);
  const model = valueOf(values, `${upper(name)}_${upper(port)}_MODEL`) ?? defaultModel(models);
  return { name, title: providerNamed(name).title, model, usd: models[model] ?? dearest(models) };
}

/**
 * The same, and how it is reached.
 * @throws ProviderUnreachable when there is neither a key nor a simulator that plays it
 */
export function reach<P extends ModelPort>(port: P, values: Values, wanted?: string): Reached<P> {
  const found = choose(port, values, wanted);
  const { name } = found;
  const access = accessTo(name, values, `${upper(name)}_BASE_URL`, providerNamed(name).baseUrl, `/${name}`);
  return { ...found, ...access, open: () => offerOf(name, port).open(access) };
}

/** The first of an offer's models is the one that is used unless another is named. */
export function defaultModel(models: Readonly<Record<string, unknown>>): string {
  return Object.keys(models)[0] ?? '';
}

/** Of a model that nobody knows it is better to expect too much than too little. */
function dearest<P extends ModelPort>(models: Readonly<Record<string, Prices[P]>>): Prices[P] {
  const value = (price: Prices[P]) => (typeof price === 'number' ? price : price.output);
  const [first, ...others] = Object.values(models);
  if (first === undefined) throw new RangeError('An offer names no model');
  return others.reduce((most, price) => (value(price) > value(most) ? price : most), first);
}

function offerOf<P extends ModelPort>(name: ProviderName, port: P): Offer<P> {
  const offer = providerNamed(name)[port];
  if (!offer) throw new RangeError(`${name} does not serve ${port}`);
  // The compiler cannot follow the offer through the port.
  return offer as unknown as Offer<P>;
}

/** A place that shows pictures to a clip model. */
export interface ReachedHost {
  readonly name: ProviderName;
  readonly title: string;
  /** What another program needs in its environment to reach the same place. */
  readonly environment: Readonly<Record<string, string>>;
  open(): Promise<ImageHost>;
}

/**
 * The places where pictures are shown to the clip model, in the order in which they are tried. A simulated clip model is shown simulated places only.
 * @throws ProviderUnreachable when one of them has no key
 */
export function reachHosts(values: Values, clips: { readonly simulated: boolean }): ReachedHost[] {
  const named = values.IMAGE_HOSTS;
  const names = Array.isArray(named) ? named.map(String) : (valueOf(values, 'IMAGE_HOSTS')?.split(',') ?? ['kie']);
  return names.map((wanted) => {
    const name = chosen('host', wanted.trim());
    const { title, host, baseUrl } = providerNamed(name);
    const [setting, path] = host?.baseUrl ? [`${upper(name)}_HOST_BASE_URL`, `/${name}-host`] : [`${upper(name)}_BASE_URL`, `/${name}`];
    const access = accessTo(name, values, setting, host?.baseUrl ?? baseUrl, path, clips.simulated);
    return {
      name,
      title,
      environment: { [setting]: access.baseUrl, ...(access.apiKey && { [`${upper(name)}_API_KEY`]: access.apiKey }) },
      open: () => host?.open(access) ?? Promise.reject(new ProviderUnreachable(`${title} hosts no pictures`)),
    };
  });
}

/** Lengths that the chosen clip model makes (s), shortest first. */
export function clipSeconds({ name, model }: Pick<Reached<'clip'>, 'name' | 'model'>): readonly number[] {
  return providerNamed(name).clip?.seconds(model) ?? [];
}

/** Requests that a provider may have open at once; 0: as many as there are. */
export function atOnce(name: ProviderName, values: Values): number {
  const value = values[`${upper(name)}_AT_ONCE`];
  return typeof value === 'number' ? value : (providerNamed(name).atOnce ?? 0);
}

/** Requests that a provider takes in a minute; 0: as many as there are. */
export function perMinute(name: ProviderName, values: Values): number {
  const value = values[`${upper(name)}_PER_MINUTE`];
  return typeof value === 'number' ? value : 0;
}

/** A free question to a provider: whether key and models are good. Null when it has none to be asked. */
export function check(name: ProviderName): NonNullable<Provider['check']> | null {
  return providerNamed(name).check ?? null;
}

/** The environment of a program that is to use what is reached here, and nothing else. */
export function environmentOf(
  port: ModelPort,
  { name, baseUrl, apiKey, model }: Omit<Reached<ModelPort>, 'open' | 'usd'>,
): Record<string, string> {
  const prefix = upper(name);
  return {
    [`${upper(port)}_PROVIDER`]: name,
    [`${prefix}_BASE_URL`]: baseUrl,
    [`${prefix}_API_KEY`]: apiKey,
    [`${prefix}_${upper(port)}_MODEL`]: model,
  };
}

function chosen(port: Port, wanted: string | undefined): ProviderName {
  const [first, ...rest] = choices(port);
  if (wanted === undefined) return first;
  const found = [first, ...rest].find((name) => name === wanted);
  if (found) return found;
  throw new ProviderUnreachable(`${wanted} cannot serve ${port}; choose one of ${[first, ...rest].join(', ')}`);
}

function accessTo(
  name: ProviderName,
  values: Values,
  addressSetting: string,
  fallback: string,
  path: string,
  onlySimulated = false,
): { baseUrl: string; apiKey: string; simulated: boolean } {
  const { keyless, simulated, title } = providerNamed(name);
  const [key, simulator] = [valueOf(values, `${upper(name)}_API_KEY`), valueOf(values, 'SIMULATOR_URL')];
  const baseUrl = valueOf(values, addressSetting) ?? fallback;
  if (key ?? (keyless && !onlySimulated)) return { baseUrl, apiKey: key ?? '', simulated: isSimulator(baseUrl, simulator) };
  // A service tells its scripts where the simulator is by the provider's own address.
  if (keyless && isSimulator(baseUrl, simulator)) return { baseUrl, apiKey: '', simulated: true };
  if (simulated && simulator) return { baseUrl: simulator + path, apiKey: SIMULATED_KEY, simulated: true };
  const rest = simulated ? ', and neither is SIMULATOR_URL, which would play it' : '';
  throw new ProviderUnreachable(`${upper(name)}_API_KEY is not set, the key of ${title}${rest}`);
}

/** No real provider runs on this machine: whatever answers there is a simulator, whoever started it. */
export function isSimulator(baseUrl: string, simulator: string | undefined): boolean {
  return (
    ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(baseUrl).hostname) || (simulator !== undefined && baseUrl.startsWith(simulator))
  );
}
