import { required, SettingsError, type Settings } from './settings.js';

/** Where a provider is reached and with what; `simulated` when the simulator plays it. */
export interface ProviderAccess {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly simulated: boolean;
}

/** The simulator accepts this key and token for every provider that it plays. */
export const SIMULATED_KEY = 'simulated';

/** Paths under which the simulator plays each provider. */
export const SIMULATOR_PATHS = {
  gemini: '/gemini',
  kie: '/kie',
  kieUpload: '/kie-upload',
  elevenlabs: '/elevenlabs',
  notion: '/notion',
  googleAuth: '/google/auth',
  googleToken: '/google/token',
  youtube: '/youtube',
} as const;

function access(settings: Settings, key: string | undefined, keyName: string, baseUrl: string, path: string): ProviderAccess {
  if (key) return { baseUrl, apiKey: key, simulated: isSimulated(settings, baseUrl) };
  if (settings.SIMULATOR_URL) return { baseUrl: settings.SIMULATOR_URL + path, apiKey: SIMULATED_KEY, simulated: true };
  throw new SettingsError([`${keyName} is not set, and neither is SIMULATOR_URL, which would play that provider`]);
}

/** No real provider runs on this machine: whatever answers there is a simulator, whoever started it. */
function isSimulated({ SIMULATOR_URL }: Settings, baseUrl: string): boolean {
  const { hostname } = new URL(baseUrl);
  return ['127.0.0.1', 'localhost', '[::1]'].includes(hostname) || (SIMULATOR_URL !== undefined && baseUrl.startsWith(SIMULATOR_URL));
}

/** Gemini: storyboards and images. */
export const geminiAccess = (s: Settings): ProviderAccess =>
  access(s, s.GEMINI_API_KEY, 'GEMINI_API_KEY', s.GEMINI_BASE_URL, SIMULATOR_PATHS.gemini);

/** KIE: clips; its upload host takes the same key. */
export const kieAccess = (s: Settings): ProviderAccess & { uploadBaseUrl: string } => {
  const jobs = access(s, s.KIE_API_KEY, 'KIE_API_KEY', s.KIE_BASE_URL, SIMULATOR_PATHS.kie);
  const upload = access(s, s.KIE_API_KEY, 'KIE_API_KEY', s.KIE_UPLOAD_BASE_URL, SIMULATOR_PATHS.kieUpload);
  return { ...jobs, uploadBaseUrl: upload.baseUrl };
};

/** ElevenLabs: narration and sound effects. */
export const elevenLabsAccess = (s: Settings): ProviderAccess =>
  access(s, s.ELEVENLABS_API_KEY, 'ELEVENLABS_API_KEY', s.ELEVENLABS_BASE_URL, SIMULATOR_PATHS.elevenlabs);

/** Notion: rows in, status and cost out. */
export const notionAccess = (s: Settings): ProviderAccess =>
  access(s, s.NOTION_TOKEN, 'NOTION_TOKEN', s.NOTION_BASE_URL, SIMULATOR_PATHS.notion);

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
      simulated: isSimulated(s, s.YOUTUBE_BASE_URL),
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

/** Whether any provider that makes pictures, clips or sound is played by the simulator: such a video must never reach the real YouTube. */
export function makesSimulatedMedia(s: Settings): boolean {
  return [geminiAccess(s), kieAccess(s), elevenLabsAccess(s)].some((provider) => provider.simulated);
}
