import { describe, expect, it } from '@jest/globals';
import {
  OUTSIDE_SETTINGS,
  SETTINGS,
  SettingsError,
  makesSimulatedMedia,
  notionAccess,
  prices,
  providerOf,
  readSettings,
  youtubeAccess,
  type Settings,
} from '#config';
import { PORTS, SIMULATED_KEY, choices, reach, reachHosts } from '#providers/registry';

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
    expect(providerOf('image', readSettings({ ...KEYS, SIMULATOR_URL }))).toMatchObject({
      name: 'gemini',
      model: 'gemini-nano-banana-2.1',
      baseUrl: 'https://generativelanguage.googleapis.com',
      apiKey: 'g',
      simulated: false,
    });
  });

  it('is the simulator without a key', () => {
    const settings = readSettings({ SIMULATOR_URL });
    const elevenlabs = { baseUrl: `${SIMULATOR_URL}/elevenlabs`, apiKey: SIMULATED_KEY, simulated: true };
    expect(providerOf('speech', settings)).toMatchObject(elevenlabs);
    expect(providerOf('effect', settings)).toMatchObject(elevenlabs);
    expect(youtubeAccess(settings)).toMatchObject({
      baseUrl: `${SIMULATOR_URL}/youtube`,
      tokenUrl: `${SIMULATOR_URL}/google/token`,
      simulated: true,
    });
  });

  it('counts as simulated when a key is used on the simulator', () => {
    expect(providerOf('text', readSettings({ ...KEYS, SIMULATOR_URL, GEMINI_BASE_URL: `${SIMULATOR_URL}/gemini` })).simulated).toBe(true);
    expect(youtubeAccess(readSettings({ ...KEYS, SIMULATOR_URL, YOUTUBE_BASE_URL: `${SIMULATOR_URL}/youtube` })).simulated).toBe(true);
  });

  it.each([
    ['GEMINI_API_KEY', (settings: Settings) => providerOf('image', settings)],
    ['KIE_API_KEY', (settings: Settings) => providerOf('clip', settings)],
    ['ELEVENLABS_API_KEY', (settings: Settings) => providerOf('speech', settings)],
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

describe('OUTSIDE_SETTINGS', () => {
  it('are all that leads to somebody real: without them every provider is simulated, whatever else was set', () => {
    const everything = Object.fromEntries(Object.keys(SETTINGS).map((name) => [name, /_(KEY|TOKEN|ID|SECRET)$/.test(name) ? 'x' : '']));
    const left = {
      ...everything,
      TOKEN_ENCRYPTION_KEY: '',
      ...Object.fromEntries(OUTSIDE_SETTINGS.map((name) => [name, ''])),
      SIMULATOR_URL,
    };
    const settings = readSettings(left);
    const reached = [...PORTS.map((port) => providerOf(port, settings)), notionAccess(settings), youtubeAccess(settings)];
    expect(reached.every(({ simulated }) => simulated)).toBe(true);
    for (const name of PORTS.flatMap(choices)) expect(() => reach('text', { ...left, SIMULATOR_URL: '' }, name)).toThrow();
  });
});

describe('a provider that is chosen', () => {
  it('brings its own model and price, unless they are set', () => {
    const chosen = { SIMULATOR_URL, TEXT_PROVIDER: 'openai' };
    expect(providerOf('text', readSettings(chosen))).toMatchObject({ name: 'openai', baseUrl: `${SIMULATOR_URL}/openai` });
    expect(prices(readSettings(chosen)).storyboard(1_000_000, 0)).toBe(0.75);
    const own = readSettings({ ...chosen, OPENAI_TEXT_MODEL: 'writer', PRICE_TEXT_INPUT_USD: '2' });
    expect([providerOf('text', own).model, prices(own).storyboard(1_000_000, 0)]).toEqual(['writer', 2]);
  });

  it('costs what its model costs, and as much as the dearest when nobody knows the model', () => {
    const clip = (model: string) => prices(readSettings({ KIE_CLIP_MODEL: model })).clip(10);
    expect(['', 'bytedance/seedance-1.5-pro', 'kling-9/video'].map(clip)).toEqual([0.42, 0.175, 1.125].map((usd) => expect.closeTo(usd)));
    expect(prices(readSettings({ OPENAI_TEXT_MODEL: 'local', TEXT_PROVIDER: 'openai' })).storyboard(0, 1_000_000)).toBe(30);
  });

  it('must be one that can do the work', () => {
    expect(() => readSettings({ CLIP_PROVIDER: 'gemini' })).toThrow('CLIP_PROVIDER must be one of kie');
    expect(() => readSettings({ IMAGE_HOSTS: 'kie,imgur' })).toThrow('IMAGE_HOSTS must be one or more of kie, litterbox, catbox');
  });
});

describe('the places for pictures', () => {
  const names = (settings: Settings) =>
    reachHosts(settings, providerOf('clip', settings)).map(({ name, environment }) => [name, environment]);

  it('are the real ones for a real clip model, in the order of the setting', () => {
    expect(names(readSettings({ ...KEYS, IMAGE_HOSTS: 'catbox, kie' }))).toEqual([
      ['catbox', { CATBOX_BASE_URL: 'https://catbox.moe' }],
      ['kie', { KIE_HOST_BASE_URL: 'https://kieai.redpandaai.co', KIE_API_KEY: 'k' }],
    ]);
  });

  it('are simulated for a simulated one: nothing of a dry run is put in public', () => {
    expect(names(readSettings({ SIMULATOR_URL }))).toEqual([
      ['kie', { KIE_HOST_BASE_URL: `${SIMULATOR_URL}/kie-host`, KIE_API_KEY: SIMULATED_KEY }],
      ['litterbox', { LITTERBOX_BASE_URL: `${SIMULATOR_URL}/litterbox`, LITTERBOX_API_KEY: SIMULATED_KEY }],
    ]);
  });
});

describe('makesSimulatedMedia', () => {
  it.each(['GEMINI_API_KEY', 'KIE_API_KEY', 'ELEVENLABS_API_KEY'] as const)('is true as soon as %s alone is missing', (name) => {
    expect(makesSimulatedMedia(readSettings({ ...KEYS, SIMULATOR_URL, [name]: '' }))).toBe(true);
  });

  it('is true as soon as only the words come from the simulator', () => {
    expect(makesSimulatedMedia(readSettings({ ...KEYS, SIMULATOR_URL, TEXT_PROVIDER: 'openai' }))).toBe(true);
  });

  it('is false with real keys, whoever plays Notion and YouTube', () => {
    expect(makesSimulatedMedia(readSettings({ ...KEYS, SIMULATOR_URL, NOTION_TOKEN: '', GOOGLE_CLIENT_ID: '' }))).toBe(false);
  });
});
