import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execa } from 'execa';
import { startSimulator } from '../../apps/simulator/src/main.js';

const ROOT = resolve(import.meta.dirname, '../..');

let simulator: Awaited<ReturnType<typeof startSimulator>>;

beforeAll(async () => {
  simulator = await startSimulator({ port: 0 });
});
afterAll(() => simulator.app.close());

/** The command as a person runs it, with nobody at the terminal. */
const live = (args: readonly string[], keys: Record<string, string>) =>
  execa(process.execPath, [resolve(ROOT, 'dist/test/providers/live.js'), ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...keys },
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    all: true,
  });

describe('npm run test:live', () => {
  it('asks nobody without keys, and nobody without consent', async () => {
    const without = await live([], {});
    expect([without.exitCode, without.all]).toEqual([1, expect.stringContaining('there is nobody to ask')]);
    const unasked = await live([], { GEMINI_API_KEY: 'simulated', GEMINI_BASE_URL: `${simulator.url}/gemini` });
    expect(unasked.exitCode).toBe(1);
    expect(unasked.all).toMatch(/GEMINI_API_KEY +a short storyboard and an image, about USD 0\.03\d\nTogether about USD 0\.04/);
    expect(unasked.all).toContain('Nothing was asked for.');
    expect(await (await fetch(`${simulator.url}/simulator/calls`)).json()).toEqual([]);
  }, 30_000);

  it('runs the same tests with whatever address and key it is given', async () => {
    const at = (name: string) => `${simulator.url}/${name}`;
    const run = await live(['--yes'], {
      ...{ GEMINI_API_KEY: 'simulated', GEMINI_BASE_URL: at('gemini') },
      ...{ KIE_API_KEY: 'simulated', KIE_BASE_URL: at('kie'), KIE_HOST_BASE_URL: at('kie-host') },
      ...{ ELEVENLABS_API_KEY: 'simulated', ELEVENLABS_BASE_URL: at('elevenlabs') },
    });
    expect([run.exitCode, run.all]).toEqual([0, expect.stringMatching(/Tests: +\d+ skipped, 10 passed/)]);
    const summary = (await (await fetch(`${simulator.url}/simulator/summary`)).json()) as {
      provider: string;
      operation: string;
      calls: number;
    }[];
    const paid = summary
      .filter(({ operation }) => operation !== 'upload')
      .map(({ provider, operation, calls }) => `${provider} ${operation} ${calls}`);
    expect(paid.sort()).toEqual([
      'elevenlabs narration 1',
      'elevenlabs sound_effect 1',
      'gemini image 1',
      'gemini storyboard 1',
      'kie clip 1',
    ]);
  }, 120_000);
});
