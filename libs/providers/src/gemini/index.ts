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
  text: { model: 'gemini-3.5-flash-lite', usd: { input: 0.3, output: 2.5 }, open: client },
  image: { model: 'gemini-nano-banana-2.1', usd: 0.0336, open: client },
} as const satisfies Provider;
