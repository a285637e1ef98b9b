import { catbox, litterbox } from '../catbox/index.js';
import { elevenlabs } from '../elevenlabs/index.js';
import { gemini } from '../gemini/index.js';
import { kie } from '../kie/index.js';
import { openai } from '../openai/index.js';
import type { Provider } from '../provider.js';

/** Every provider that configuration can choose. The first that serves a port is the one that serves it unless another is chosen. */
export const PROVIDERS = { gemini, kie, elevenlabs, openai, litterbox, catbox } as const satisfies Record<string, Provider>;
