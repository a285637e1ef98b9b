import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { estimate, readChannels, readSettings, type ChannelSettings } from '#config';
import { imagePrompt, motionPrompt, parseStoryboard, referencesOf, type Storyboard } from '#pipeline';
import { execa } from 'execa';
import { startSimulator } from '../../apps/simulator/src/main.js';

const ROOT = resolve(import.meta.dirname, '../..');
const TOPICS = [
  'The 52-hertz whale',
  'How octopuses taste with their arms',
  'Why flamingos stand on one leg',
  'A year in the life of a barn owl',
  'The wood wide web',
  'Salmon that climb waterfalls',
  'The last glacier of the Pyrenees',
  'Bats that fish',
  'A desert after rain',
  'Ravens and wolves',
  'The patience of the heron',
  'Eels: nobody has ever seen them spawn',
  'Lichen, the slowest gardener',
  'What elephants hear with their feet',
  'The bird that never lands',
  'A coral reef at night',
  'The moss animals',
  'Snow fleas',
  'The tree that walks',
  "Darwin's moth & the orchid <that had to exist>",
];

let folder: string;
let simulator: Awaited<ReturnType<typeof startSimulator>>;
let channel: ChannelSettings;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'storyboards-'));
  simulator = await startSimulator({ port: 0 });
  const [first] = await readChannels(join(ROOT, 'channels'));
  if (!first) throw new Error('There is no example channel');
  channel = first.settings;
});
afterAll(async () => {
  await simulator.app.close();
  await rm(folder, { recursive: true, force: true });
});

/** Has a storyboard written as the asset service does it: by the script, with the project's own instructions. */
async function write(name: string, args: readonly string[]): Promise<unknown> {
  const out = join(folder, `${name}.json`);
  await execa(
    process.execPath,
    [join(ROOT, 'dist/scripts/write-storyboard.js'), `--instructions=${join(ROOT, 'prompts')}`, ...args, `--out=${out}`],
    {
      env: { PATH: process.env.PATH, NODE_OPTIONS: process.env.NODE_OPTIONS, SIMULATOR_URL: simulator.url },
      extendEnv: false,
    },
  );
  return JSON.parse(await readFile(out, 'utf8'));
}

function whole(data: unknown, demands: Parameters<typeof parseStoryboard>[1]): Storyboard {
  const parsed = parseStoryboard(data, demands);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

describe.each(TOPICS.map((topic, index) => ({ topic, index })))('a storyboard about $topic', ({ topic, index }) => {
  let storyboard: Storyboard;

  beforeAll(async () => {
    const data = await write(`topic-${index}`, [
      `--brief=Title: ${topic}\nTopic: ${topic}\nAtmosphere: ${channel.atmosphere}`,
      `--scenes=${channel.scenes}`,
    ]);
    storyboard = whole(data, { scenes: channel.scenes });
  }, 30_000);

  it('is whole: every scene speaks and fits its clip, the title fits YouTube', () => {
    expect(storyboard.scenes.every(({ narration }) => /\p{L}/u.test(narration))).toBe(true);
    expect(storyboard.title.length).toBeLessThanOrEqual(100);
    expect(storyboard.title).not.toMatch(/[<>]/);
    expect(storyboard.research.length).toBeGreaterThan(0);
  });

  it('says of a character the same words in every prompt, and shows what it looks like', () => {
    expect(storyboard.characters.length).toBeGreaterThan(0);
    for (const { key, description } of storyboard.characters) {
      const showing = storyboard.images.filter(({ characters }) => characters.includes(key));
      const scenes = storyboard.scenes.filter(({ images }) => showing.some((image) => images.includes(image.key)));
      const prompts = [
        ...showing.map((image) => imagePrompt(storyboard, image, channel)),
        ...scenes.map((scene) => motionPrompt(storyboard, scene)),
      ];
      expect(prompts.filter((prompt) => !prompt.includes(description))).toEqual([]);
      const [portrait, ...others] = showing.sort((one) => (one.role === 'character' ? -1 : 1));
      expect(others.filter((image) => !referencesOf(storyboard, image).includes(portrait?.key ?? ''))).toEqual([]);
    }
  });

  it("comes to no more than the channel's budget, and to about four dollars with the cheapest clips", () => {
    const settings = { SIMULATOR_URL: simulator.url };
    const { usd, scenes } = estimate(storyboard, readSettings(settings));
    expect([scenes, usd <= (channel.budget?.video_usd ?? 0)]).toEqual([channel.scenes, true]);
    const cheap = readSettings({ ...settings, KIE_CLIP_MODEL: 'bytedance/seedance-1.5-pro' });
    expect(estimate(storyboard, cheap).usd).toBeLessThan(4.5);
  });
});

it("a creator's own script is broken into scenes, word for word", async () => {
  const script = `${TOPICS.map((topic) => `${topic.replace(/[<>&]/g, '')}.`).join(' ')}\n\nAnd one sentence that is so long that nobody could say it while a single clip is seen, which is why it has to be broken into two pieces somewhere in its middle.`;
  const storyboard = whole(await write('own', ['--brief=Title: My own words\nTopic: whales', `--narration=${script}`]), { script });
  expect(storyboard.scenes.length).toBeGreaterThan(TOPICS.length);
}, 30_000);
