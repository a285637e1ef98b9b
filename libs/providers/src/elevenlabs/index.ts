import type { Provider } from '../provider.js';

const client = async (access: { baseUrl: string; apiKey: string }) => new (await import('./elevenlabs.js')).ElevenLabs(access);

/** Narration and sound effects. */
export const elevenlabs = {
  title: 'ElevenLabs',
  baseUrl: 'https://api.elevenlabs.io',
  simulated: true,
  atOnce: 6,
  check: async (access) => {
    const { used, limit } = await (await client(access)).credits();
    return `${limit - used} of ${limit} credits left`;
  },
  speech: { model: 'eleven_v3', usd: 0.1, open: client },
  effect: { model: 'eleven_text_to_sound_v2', usd: 0.12, open: client },
} as const satisfies Provider;
