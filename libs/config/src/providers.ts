import { PORTS, ProviderUnreachable, SIMULATED_KEY, isSimulator, reach, type ModelPort, type Reached } from '#providers/registry';
import { required, SettingsError, type Settings } from './settings.js';

/** Where Notion is reached and with what; `simulated` when the simulator plays it. */
export interface NotionAccess {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly simulated: boolean;
}

/** Paths under which the simulator plays those who are not in the registry of providers. */
export const SIMULATOR_PATHS = {
  notion: '/notion',
  googleAuth: '/google/auth',
  googleToken: '/google/token',
  youtube: '/youtube',
} as const;

/**
 * The provider that serves a port.
 * @throws SettingsError when it has neither a key nor a simulator
 */
export function providerOf<P extends ModelPort>(port: P, settings: Settings): Reached<P> {
  try {
    return reach(port, settings);
  } catch (error) {
    if (error instanceof ProviderUnreachable) throw new SettingsError([error.message]);
    throw error;
  }
}

/** Notion: rows in, status and cost out. */
export function notionAccess({ NOTION_TOKEN, NOTION_BASE_URL, SIMULATOR_URL }: Settings): NotionAccess {
  if (NOTION_TOKEN) return { baseUrl: NOTION_BASE_URL, apiKey: NOTION_TOKEN, simulated: isSimulator(NOTION_BASE_URL, SIMULATOR_URL) };
  if (SIMULATOR_URL) return { baseUrl: SIMULATOR_URL + SIMULATOR_PATHS.notion, apiKey: SIMULATED_KEY, simulated: true };
  throw new SettingsError(['NOTION_TOKEN is not set, and neither is SIMULATOR_URL, which would play Notion']);
}

/** Google's OAuth client and YouTube. */
export interface YouTubeAccess {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly authUrl: string;
  readonly tokenUrl: string;
  readonly baseUrl: string;
  readonly simulated: boolean;
}

export function youtubeAccess(s: Settings): YouTubeAccess {
  if (s.GOOGLE_CLIENT_ID) {
    return {
      clientId: s.GOOGLE_CLIENT_ID,
      clientSecret: required(s, 'GOOGLE_CLIENT_SECRET'),
      authUrl: s.GOOGLE_AUTH_URL,
      tokenUrl: s.GOOGLE_TOKEN_URL,
      baseUrl: s.YOUTUBE_BASE_URL,
      simulated: isSimulator(s.YOUTUBE_BASE_URL, s.SIMULATOR_URL),
    };
  }
  const simulator = s.SIMULATOR_URL;
  if (!simulator) throw new SettingsError(['GOOGLE_CLIENT_ID is not set, and neither is SIMULATOR_URL, which would play YouTube']);
  return {
    clientId: SIMULATED_KEY,
    clientSecret: SIMULATED_KEY,
    authUrl: simulator + SIMULATOR_PATHS.googleAuth,
    tokenUrl: simulator + SIMULATOR_PATHS.googleToken,
    baseUrl: simulator + SIMULATOR_PATHS.youtube,
    simulated: true,
  };
}

/** Whether the simulator plays anybody who writes, draws, films or speaks: such a video must never reach the real YouTube. */
export function makesSimulatedMedia(s: Settings): boolean {
  return PORTS.some((port) => providerOf(port, s).simulated);
}
