import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SettingsError, readChannels } from '#config';

const GOOD = `
name: Deep Sea
language: en
voice_id: abc
style: photorealistic
atmosphere: quiet
scenes: 18
youtube:
  channel_id: UCsimulatedchannel000001
  privacy: private
  category_id: '28'
  made_for_kids: false
  synthetic_media: true
`;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'channels-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(files: Record<string, string>): Promise<void> {
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text)));
}

async function problems(): Promise<readonly string[]> {
  const error: unknown = await readChannels(folder).catch((thrown: unknown) => thrown);
  if (!(error instanceof SettingsError)) throw new Error('no problem was found');
  return error.problems;
}

describe('readChannels', () => {
  it("names each channel by its file, in the files' order, and overlooks other files", async () => {
    await write({ 'forest.yml': GOOD, 'deep_sea.yaml': GOOD, 'README.md': '# not a channel' });
    const channels = await readChannels(folder);
    expect(channels.map(({ key }) => key)).toEqual(['deep_sea', 'forest']);
    expect(channels[0]?.settings).toMatchObject({ scenes: 18, youtube: { channel_id: 'UCsimulatedchannel000001', made_for_kids: false } });
  });

  it('reads the example channels', async () => {
    expect((await readChannels('channels')).length).toBeGreaterThan(0);
  });

  it('names every wrong file and key; one bad file hides no other', async () => {
    await write({
      'a.yaml': GOOD.replace('scenes: 18', 'scenes: many').replace('privacy: private', 'privacy: secret'),
      'b.yaml': 'name: [unclosed',
      'c.yaml': GOOD,
      'd.yaml': '- a list',
      'e.yaml': '',
    });
    const [a, b, d, e, ...rest] = await problems();
    expect(a).toMatch(/^a\.yaml: .*scenes: .*youtube\.privacy: /);
    expect(b).toMatch(/^b\.yaml: is not valid YAML/);
    expect(d).toBe('d.yaml: must be an object');
    expect(e).toBe('e.yaml: must be an object');
    expect(rest).toEqual([]);
  });

  it('refuses keys it does not know: a misspelt one would be silently without effect', async () => {
    await write({ 'a.yaml': GOOD.replace('atmosphere:', 'athmosphere:') });
    const [problem] = await problems();
    expect(problem).toMatch(/athmosphere: .*should not exist/);
    expect(problem).toMatch(/; atmosphere: /);
  });

  it.each(['made_for_kids', 'synthetic_media', 'privacy', 'channel_id'])('has no default for youtube.%s', async (key) => {
    await write({ 'a.yaml': GOOD.replace(new RegExp(`^  ${key}:.*\n`, 'm'), '') });
    expect((await problems())[0]).toMatch(`youtube.${key}`);
  });

  it('refuses a file without youtube', async () => {
    await write({ 'a.yaml': GOOD.slice(0, GOOD.indexOf('youtube:')) });
    expect((await problems())[0]).toMatch(/^a\.yaml: youtube: /);
  });

  it('says when the folder is not there', async () => {
    await expect(readChannels(join(folder, 'gone'))).rejects.toThrow(/CHANNELS_DIR: the folder .*gone cannot be read/);
  });
});
