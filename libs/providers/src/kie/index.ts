import type { Provider } from '../provider.js';
import { CLIP_PRICES, traitsOf } from './models.js';

export { isCallbackSigned } from './callback.js';

/** KIE.ai: clips, and a place for the pictures that they are made from. */
export const kie = {
  title: 'KIE',
  baseUrl: 'https://api.kie.ai',
  simulated: true,
  atOnce: 8,
  check: async (access, _models, signal) => `${await new (await import('./clips.js')).KieClips(access).credits(signal)} credits left`,
  clip: {
    models: CLIP_PRICES,
    seconds: (model) => traitsOf(model).seconds,
    open: async (access) => new (await import('./clips.js')).KieClips(access),
  },
  host: { baseUrl: 'https://kieai.redpandaai.co', open: async (access) => new (await import('./host.js')).KieHost(access) },
} as const satisfies Provider;
