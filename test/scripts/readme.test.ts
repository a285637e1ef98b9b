import { mkdtemp, readFile, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { probe } from '#media';
import { parseStoryboard } from '#pipeline';
import { execa } from 'execa';
import { startSimulator } from '../../apps/simulator/src/main.js';

const ROOT = resolve(import.meta.dirname, '../..');

let folder: string;
let simulator: Awaited<ReturnType<typeof startSimulator>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'readme-'));
  for (const name of ['dist', 'prompts', 'package.json', 'node_modules']) await symlink(join(ROOT, name), join(folder, name));
  simulator = await startSimulator({ port: 0 });
});
afterAll(async () => {
  await simulator.app.close();
  await rm(folder, { recursive: true, force: true });
});

it("the README's nine commands make nine files", async () => {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  const block = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text = '']) => text).find((text) => text.includes('media()')) ?? '';
  const commands = block.split('\n').filter((line) => line.startsWith('media '));
  expect(commands).toHaveLength(9);
  // What a person types, except for the build, with the address that this simulator has.
  const typed = block.replace('npm run build\n', '').replace(/^export SIMULATOR_URL=.*$/m, `export SIMULATOR_URL=${simulator.url}`);
  const { PATH = '' } = process.env;
  const { stdout, stderr } = await execa('bash', ['--norc', '-ec', typed], { cwd: folder, env: { PATH }, extendEnv: false });
  expect(stderr).toBe('');
  const made = join(folder, '.data/try');
  expect((await readdir(made)).sort()).toEqual([
    'clip.mp4',
    'final.mp4',
    'narration.mp3',
    'reef.png',
    'scene.png',
    'split.png',
    'storyboard.json',
    'thumbnail.jpg',
    'waves.wav',
  ]);
  expect(stdout.match(/^Wrote /gm)).toHaveLength(9);
  expect(stdout).toMatch(/^Wrote storyboard\.json: 6 scenes, 6 images, about 0:\d\d of narration$/m);
  expect(parseStoryboard(JSON.parse(await readFile(join(made, 'storyboard.json'), 'utf8')), { scenes: 6 }).ok).toBe(true);
  const kinds = ['reef.png', 'clip.mp4', 'narration.mp3', 'waves.wav', 'final.mp4'].map(
    async (name) => (await probe(join(made, name))).kind,
  );
  expect(await Promise.all(kinds)).toEqual(['image', 'video', 'audio', 'audio', 'video']);
  expect(await probe(join(made, 'thumbnail.jpg'))).toMatchObject({ kind: 'image', width: 1280, height: 720 });
  for (const name of ['scene.png', 'split.png', 'final.mp4'])
    expect(await probe(join(made, name))).toMatchObject({ width: 1920, height: 1080 });
}, 120_000);
