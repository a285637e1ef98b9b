import type { Provider } from '../provider.js';

const client = async (access: { baseUrl: string; apiKey: string }) => new (await import('./gemini.js')).Gemini(access);

/** Google's models: storyboards and images. */
export const gemini = {
  title: 'Gemini',
  baseUrl: 'https://generativelanguage.googleapis.com',
  simulated: true,
  atOnce: 12,
  check: async (access, models) => {
    const asked = await client(access);
    for (const model of models) await asked.checkModel(model);
    return `may use ${models.join(' and ')}`;
  },
  text: {
    // 3.8-flash costs twice as much from 2027 on.
    models: { 'gemini-3.5-flash-lite': { input: 0.3, output: 2.5 }, 'gemini-3.8-flash': { input: 0.75, output: 3.75 } },
    open: client,
  },
  image: {
    // At 1K, the size that is asked for.
    models: { 'gemini-nano-banana-2.1': 0.0336, 'gemini-3.1-flash-lite-image': 0.034, 'gemini-3-pro-image': 0.134 },
    open: client,
  },
} as const satisfies Provider;
