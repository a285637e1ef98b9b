import type { ModelPort } from '../provider.js';
import type { PROVIDERS } from './providers.js';
import { PORTS, defaultModel, providerNamed, upper, type ProviderName } from './registry.js';

type Named<N extends ProviderName> = (typeof PROVIDERS)[N];
type ModelsOf<N extends ProviderName> = `${Uppercase<keyof Named<N> & ModelPort>}_MODEL`;
type CountOf<N extends ProviderName> = [keyof Named<N> & ModelPort] extends [never] ? never : 'AT_ONCE' | 'PER_MINUTE';
type HostOf<N extends ProviderName> = Named<N> extends { host: { baseUrl: string } } ? 'HOST_BASE_URL' : never;
type KeyOf<N extends ProviderName> = Named<N> extends { keyless: true } ? never : 'API_KEY';
/** Names of the settings that follow from the registry: `GEMINI_API_KEY`, `KIE_CLIP_MODEL` and so on. */
export type ProviderSetting = {
  [N in ProviderName]: `${Uppercase<N>}_${KeyOf<N> | 'BASE_URL' | CountOf<N> | HostOf<N> | ModelsOf<N>}`;
}[ProviderName];

/** A setting that follows from the registry. */
interface DerivedSetting {
  readonly name: ProviderSetting;
  readonly kind: 'key' | 'url' | 'model' | 'count';
  readonly about: string;
  readonly default?: string | number;
}

/** A provider's settings, in the order in which people read them. */
export function settingsOf(name: ProviderName): readonly DerivedSetting[] {
  const provider = providerNamed(name);
  const { title, baseUrl, keyless, host, atOnce: most = 0 } = provider;
  const named = (rest: string) => `${upper(name)}_${rest}` as ProviderSetting;
  return [
    ...(keyless ? [] : [{ name: named('API_KEY'), kind: 'key', about: `Key of ${title}.` } as const]),
    { name: named('BASE_URL'), kind: 'url', about: `Address of ${title}.`, default: baseUrl },
    ...(host?.baseUrl
      ? [{ name: named('HOST_BASE_URL'), kind: 'url', about: `Address of ${title}'s file upload.`, default: host.baseUrl } as const]
      : []),
    ...PORTS.flatMap((port) => {
      const offer = provider[port];
      return offer
        ? [{ name: named(`${upper(port)}_MODEL`), kind: 'model', about: MODELS[port], default: defaultModel(offer.models) } as const]
        : [];
    }),
    ...(PORTS.some((port) => provider[port])
      ? [
          {
            name: named('AT_ONCE'),
            kind: 'count',
            about: `Requests and jobs that ${title} may be at work on at once, over all processes; 0: as many as there are.`,
            default: most,
          } as const,
          {
            name: named('PER_MINUTE'),
            kind: 'count',
            about: `Requests that ${title} is sent in a minute, over all processes, evenly spaced; 0: no limit. Its console shows what the account has.`,
            default: 0,
          } as const,
        ]
      : []),
  ];
}

const MODELS: Readonly<Record<ModelPort, string>> = {
  text: 'Model that writes the storyboard.',
  image: 'Model that makes the images.',
  clip: 'Model that makes the clips.',
  speech: 'Model that speaks.',
  effect: 'Model that makes sound effects.',
};
