import type { Provider } from '../provider.js';

const client = async (access: { baseUrl: string; apiKey: string }) => new (await import('./openai.js')).OpenAi(access);

/** OpenAI, and whoever speaks its language: set OPENAI_BASE_URL to their address. */
export const openai = {
  title: 'OpenAI',
  baseUrl: 'https://api.openai.com/v1',
  simulated: true,
  atOnce: 12,
  check: async (access, models) => {
    const asked = await client(access);
    for (const model of models) await asked.checkModel(model);
    return `may use ${models.join(' and ')}`;
  },
  text: {
    models: {
      'gpt-5.4-mini': { input: 0.75, output: 4.5 },
      'gpt-5.4-nano': { input: 0.2, output: 1.25 },
      'gpt-5.4': { input: 2.5, output: 15 },
      'gpt-5.5': { input: 5, output: 30 },
    },
    open: client,
  },
} as const satisfies Provider;
