import { describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { SETTINGS, SettingsError, environmentExample, readSettings, required } from '#config';

/** The error of reading an environment. */
function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    readSettings(environment);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}

describe('readSettings', () => {
  it('needs nothing: every setting has a default or is optional', () => {
    const settings = readSettings({});
    expect(settings).toMatchObject({
      PORT: 3000,
      HOST: '127.0.0.1',
      LOG_LEVEL: 'info',
      ASSET_CONCURRENCY: 16,
      IMAGE_PROVIDER: 'gemini',
      GEMINI_IMAGE_MODEL: 'gemini-nano-banana-2.1',
      IMAGE_HOSTS: ['kie', 'litterbox'],
    });
    expect(settings.DATABASE_URL).toBeUndefined();
    expect(Object.keys(settings).sort()).toEqual(Object.keys(SETTINGS).sort());
  });

  it('reads each kind of value', () => {
    const key = Buffer.alloc(32, 7);
    expect(
      readSettings({
        PORT: ' 0 ',
        PRICE_IMAGE_USD: '0.1',
        LOG_LEVEL: 'debug',
        SIMULATOR_URL: 'http://localhost:4010//',
        DATABASE_URL: 'postgres://user:p%40ss@db:5432/videos',
        TOKEN_ENCRYPTION_KEY: key.toString('base64'),
      }),
    ).toMatchObject({
      PORT: 0,
      PRICE_IMAGE_USD: 0.1,
      LOG_LEVEL: 'debug',
      SIMULATOR_URL: 'http://localhost:4010',
      DATABASE_URL: 'postgres://user:p%40ss@db:5432/videos',
      TOKEN_ENCRYPTION_KEY: key,
    });
  });

  it('takes an empty variable for one that is not set', () => {
    expect(readSettings({ PORT: '', GEMINI_API_KEY: '   ' })).toMatchObject({ PORT: 3000, GEMINI_API_KEY: undefined });
  });

  it('reports every mistake at once, by name and rule', () => {
    const problems = problemsOf({
      PORT: '70000',
      ASSET_CONCURRENCY: '1.5',
      LOG_LEVEL: 'loud',
      PRICE_IMAGE_USD: '-1',
      PRICE_EFFECT_USD: 'Infinity',
      GEMINI_BASE_URL: 'generativelanguage',
    });
    expect(problems).toHaveLength(6);
    expect(problems).toContain('PORT must be a whole number from 0 to 65535');
    expect(problems).toContain('GEMINI_BASE_URL must be a URL that begins with http:// or https://');
    expect(() => readSettings({ PORT: 'x', LOG_LEVEL: 'y' })).toThrow(/2 mistakes:\n {2}- PORT .*\n {2}- LOG_LEVEL /);
  });

  it('never quotes a value', () => {
    const secret = 'hunter2';
    const everything = Object.fromEntries(Object.keys(SETTINGS).map((name) => [name, secret]));
    const problems = problemsOf(everything);
    expect(problems.length).toBeGreaterThan(10);
    expect(problems.join('\n')).not.toContain(secret);
  });
});

describe('required', () => {
  it('returns what is set and says what is missing and what it is for', () => {
    const settings = readSettings({ REDIS_URL: 'redis://localhost:6379' });
    expect(required(settings, 'REDIS_URL')).toBe('redis://localhost:6379');
    expect(() => required(settings, 'DATABASE_URL')).toThrow('DATABASE_URL is not set. Postgres, the system of record.');
  });
});

describe('.env.example', () => {
  it('is what the settings say; npm run env-example writes it anew', async () => {
    expect(await readFile('.env.example', 'utf8')).toBe(environmentExample());
  });

  it('names every setting and holds no secret', () => {
    const lines = environmentExample().split('\n');
    for (const [name, { secret }] of Object.entries(SETTINGS)) {
      const line = lines.find((candidate) => candidate.replace(/^# /, '').startsWith(`${name}=`));
      expect(line).toBeDefined();
      if (secret) expect(line).toBe(`# ${name}=`);
    }
  });

  it('copied to .env as it is, changes nothing', () => {
    const variables = environmentExample()
      .split('\n')
      .filter((line) => !line.startsWith('#') && line.includes('='))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]);
    expect(readSettings(Object.fromEntries(variables) as Record<string, string>)).toEqual(readSettings({}));
  });
});
