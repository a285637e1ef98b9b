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
  speech: { models: { eleven_v3: 0.1, eleven_v4: 0.08, eleven_multilingual_v2: 0.1, eleven_flash_v2_5: 0.05 }, open: client },
  effect: { models: { eleven_text_to_sound_v2: 0.12 }, open: client },
} as const satisfies Provider;
