import { describe, expect, it } from '@jest/globals';
import {
  SIMULATED_KEY,
  SettingsError,
  elevenLabsAccess,
  geminiAccess,
  kieAccess,
  makesSimulatedMedia,
  notionAccess,
  readSettings,
  youtubeAccess,
} from '#config';

const SIMULATOR_URL = 'http://127.0.0.1:4010';
const KEYS = {
  GEMINI_API_KEY: 'g',
  KIE_API_KEY: 'k',
  ELEVENLABS_API_KEY: 'e',
  NOTION_TOKEN: 'n',
  GOOGLE_CLIENT_ID: 'c',
  GOOGLE_CLIENT_SECRET: 's',
};

describe('access to a provider', () => {
  it('is the real one with a key, also while a simulator runs', () => {
    expect(geminiAccess(readSettings({ ...KEYS, SIMULATOR_URL }))).toEqual({
      baseUrl: 'https://generativelanguage.googleapis.com',
      apiKey: 'g',
      simulated: false,
    });
    expect(kieAccess(readSettings(KEYS))).toMatchObject({ apiKey: 'k', uploadBaseUrl: 'https://kieai.redpandaai.co', simulated: false });
  });

  it('is the simulator without a key', () => {
    const settings = readSettings({ SIMULATOR_URL });
    expect(elevenLabsAccess(settings)).toEqual({ baseUrl: `${SIMULATOR_URL}/elevenlabs`, apiKey: SIMULATED_KEY, simulated: true });
    expect(kieAccess(settings)).toMatchObject({
      baseUrl: `${SIMULATOR_URL}/kie`,
      uploadBaseUrl: `${SIMULATOR_URL}/kie-upload`,
      simulated: true,
    });
    expect(youtubeAccess(settings)).toMatchObject({
      baseUrl: `${SIMULATOR_URL}/youtube`,
      tokenUrl: `${SIMULATOR_URL}/google/token`,
      simulated: true,
    });
  });

  it('counts as simulated when a key is used on the simulator', () => {
    expect(geminiAccess(readSettings({ ...KEYS, SIMULATOR_URL, GEMINI_BASE_URL: `${SIMULATOR_URL}/gemini` })).simulated).toBe(true);
    expect(youtubeAccess(readSettings({ ...KEYS, SIMULATOR_URL, YOUTUBE_BASE_URL: `${SIMULATOR_URL}/youtube` })).simulated).toBe(true);
  });

  it.each([
    ['GEMINI_API_KEY', geminiAccess],
    ['KIE_API_KEY', kieAccess],
    ['ELEVENLABS_API_KEY', elevenLabsAccess],
    ['NOTION_TOKEN', notionAccess],
    ['GOOGLE_CLIENT_ID', youtubeAccess],
  ] as const)('names %s when there is neither key nor simulator', (name, access) => {
    expect(() => access(readSettings({}))).toThrow(SettingsError);
    expect(() => access(readSettings({}))).toThrow(`${name} is not set`);
  });

  it('wants the secret of a Google client that is set', () => {
    expect(() => youtubeAccess(readSettings({ GOOGLE_CLIENT_ID: 'c', SIMULATOR_URL }))).toThrow(/GOOGLE_CLIENT_SECRET is not set/);
  });
});

describe('makesSimulatedMedia', () => {
  it.each(['GEMINI_API_KEY', 'KIE_API_KEY', 'ELEVENLABS_API_KEY'] as const)('is true as soon as %s alone is missing', (name) => {
    expect(makesSimulatedMedia(readSettings({ ...KEYS, SIMULATOR_URL, [name]: '' }))).toBe(true);
  });

  it('is false with real keys, whoever plays Notion and YouTube', () => {
    expect(makesSimulatedMedia(readSettings({ ...KEYS, SIMULATOR_URL, NOTION_TOKEN: '', GOOGLE_CLIENT_ID: '' }))).toBe(false);
  });
});
