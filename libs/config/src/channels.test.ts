import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SettingsError, inspectChannels, readChannels, slotsAfter, type ChannelSettings } from '#config';

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

async function problems(brand?: string): Promise<readonly string[]> {
  const error: unknown = await readChannels(folder, brand).catch((thrown: unknown) => thrown);
  if (!(error instanceof SettingsError)) throw new Error('no problem was found');
  return error.problems;
}

describe('readChannels', () => {
  it("names each channel by its file, in the files' order, and overlooks other files", async () => {
    const forest = GOOD.replace('Deep Sea', 'Forest');
    await write({ 'forest.yml': forest, 'deep_sea.yaml': GOOD, 'README.md': '# not a channel', '.deep_sea.yaml': '# an editor was here' });
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
      'c.yaml': GOOD.replace('Deep Sea', 'Third'),
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

  it('takes how thumbnails look, and names what is wrong with it', async () => {
    const look = "thumbnail:\n  uppercase: false\n  text_color: '#FFE14d'\n  position: top\n";
    await write({ 'a.yaml': GOOD + look });
    expect((await readChannels(folder))[0]?.settings.thumbnail).toEqual({ uppercase: false, text_color: '#FFE14d', position: 'top' });
    await write({ 'a.yaml': `${GOOD}thumbnail:\n  text_color: yellow\n  position: left\n  text: me\n  colour: red\n` });
    const [problem] = await problems();
    expect(problem).toMatch(/thumbnail\.text_color: .*such as '#ffe14d'/);
    for (const key of ['position', 'text', 'colour']) expect(problem).toContain(`thumbnail.${key}: `);
  });

  it('refuses a file without youtube', async () => {
    await write({ 'a.yaml': GOOD.slice(0, GOOD.indexOf('youtube:')) });
    expect((await problems())[0]).toMatch(/^a\.yaml: youtube: /);
  });

  it('refuses two channels of which a row could mean either, whatever the case, and names both files', async () => {
    await write({
      'a.yaml': GOOD,
      'b.yaml': GOOD.replace('Deep Sea', 'deep sea '),
      'c.yaml': GOOD.replace('Deep Sea', 'D'),
      'd.yaml': GOOD.replace('Deep Sea', 'Other'),
      'e.yaml': GOOD.replace('Deep Sea', 'One'),
      'e.yml': GOOD.replace('Deep Sea', 'Two'),
      'f.yaml': GOOD.replace('Deep Sea', 'f'),
    });
    expect(await problems()).toEqual([
      'a.yaml: name: "deep sea" is what b.yaml is called, too; a row could mean either',
      'b.yaml: name: "deep sea" is what a.yaml is called, too; a row could mean either',
      'c.yaml: name: "d" is what d.yaml is called, too; a row could mean either',
      'd.yaml: name: "d" is what c.yaml is called, too; a row could mean either',
      'e.yaml: name: "e" is what e.yml is called, too; a row could mean either',
      'e.yml: name: "e" is what e.yaml is called, too; a row could mean either',
    ]);
  });

  it('keeps the name of a stored channel whose file is broken from others', async () => {
    await write({ 'a.yaml': '- broken', 'b.yaml': GOOD });
    const stored = [{ key: 'a', settings: { name: 'Deep Sea' } as ChannelSettings }];
    expect((await inspectChannels(folder, undefined, stored)).map((read) => ('problem' in read ? read.problem : null))).toEqual([
      'must be an object',
      'name: "deep sea" is what a.yaml is called, too; a row could mean either',
    ]);
    expect((await inspectChannels(folder)).map((read) => 'settings' in read)).toEqual([false, true]);
  });

  it('says when the folder is not there', async () => {
    await expect(readChannels(join(folder, 'gone'))).rejects.toThrow(/CHANNELS_DIR: the folder .*gone cannot be read/);
  });
});

describe('how a channel is cut', () => {
  const cut = (...lines: string[]) => `${GOOD}cut:\n${lines.map((line) => `  ${line}\n`).join('')}`;
  const everything = cut(
    'shape: portrait',
    'fit: blur',
    'breath_seconds: 0',
    'crossfade_seconds: 0.5',
    'intro: ocean/intro.mp4',
    'outro: outro.mp4',
    'watermark: { file: mark.png, corner: bottom_left, width: 0.08, opacity: 1 }',
    'music: [ocean/calm.mp3, ocean/deep..blue.mp3]',
    "captions: { font: Anton, size: 0.08, color: '#FFFFFF', highlight: '#ffe14d', outline: '#000000', position: middle }",
  );

  it('may be said in full, in part, or not at all', async () => {
    await write({ 'a.yaml': everything, 'b.yaml': cut('captions: {}').replace('Deep Sea', 'B'), 'c.yaml': GOOD.replace('Deep Sea', 'C') });
    const [a, b, c] = await readChannels(folder);
    expect(a?.settings.cut).toEqual({
      ...{ shape: 'portrait', fit: 'blur', breath_seconds: 0, crossfade_seconds: 0.5, intro: 'ocean/intro.mp4', outro: 'outro.mp4' },
      watermark: { file: 'mark.png', corner: 'bottom_left', width: 0.08, opacity: 1 },
      music: ['ocean/calm.mp3', 'ocean/deep..blue.mp3'],
      captions: { font: 'Anton', size: 0.08, color: '#FFFFFF', highlight: '#ffe14d', outline: '#000000', position: 'middle' },
    });
    expect([b?.settings.cut, c?.settings.cut]).toEqual([{ captions: {} }, undefined]);
  });

  it.each([
    ['shape', 'shape: square'],
    ['fit', 'fit: stretch'],
    ['breath_seconds', 'breath_seconds: -0.1'],
    ['breath_seconds', 'breath_seconds: 6'],
    ['breath_seconds', 'breath_seconds: short'],
    ['crossfade_seconds', 'crossfade_seconds: 2.1'],
    ['crossfade_seconds', 'crossfade_seconds: .nan'],
    ['intro', 'intro: 1'],
    ['intro', "intro: ''"],
    ['watermark.file', 'watermark: { corner: top_left }'],
    ['watermark.corner', 'watermark: { file: mark.png, corner: center }'],
    ['watermark.width', 'watermark: { file: mark.png, width: 0 }'],
    ['watermark.opacity', 'watermark: { file: mark.png, opacity: 70 }'],
    ['watermark.margin', 'watermark: { file: mark.png, margin: 1 }'],
    ['music', 'music: calm.mp3'],
    ['music', 'music: []'],
    ['music', 'music: [calm.mp3, 7]'],
    ['captions.font', "captions: { font: 'Anton,Arial' }"],
    ['captions.size', 'captions: { size: 60 }'],
    ['captions.color', 'captions: { color: white }'],
    ['captions.highlight', "captions: { highlight: '#ffe' }"],
    ['captions.outline', "captions: { outline: '#1010107f' }"],
    ['captions.position', 'captions: { position: center }'],
    ['transition', 'transition: wipe'],
  ])('is refused with a wrong %s (%s)', async (key, line) => {
    await write({ 'a.yaml': cut(line) });
    const [problem, ...rest] = await problems();
    expect(problem).toContain(`a.yaml: cut.${key}: `);
    expect(rest).toEqual([]);
  });

  it.each(['../x', '/etc/x', 'a/../../x', 'a/..', './x', '.hidden', 'a/.hidden', '..', '.', 'a\\..\\x', '\\\\host\\x', 'a\n/../../x'])(
    'names no file outside of BRAND_DIR and no hidden one: %s',
    async (name) => {
      const named = JSON.stringify(name);
      await write({ 'a.yaml': cut(`intro: ${named}`, `outro: ${named}`, `watermark: { file: ${named} }`, `music: [calm.mp3, ${named}]`) });
      const [problem] = await problems();
      for (const key of ['intro', 'outro', 'watermark.file', 'music']) expect(problem).toContain(`cut.${key}: `);
      expect(problem?.match(/ must be a file of BRAND_DIR, such as ocean\/intro\.mp4/g)).toHaveLength(4);
    },
  );

  describe('with files', () => {
    let brand: string;
    const files = ['ocean/intro.mp4', 'outro.mp4', 'mark.png', 'ocean/calm.mp3', 'ocean/deep..blue.mp3'];
    beforeEach(async () => {
      brand = join(folder, 'brand');
      await mkdir(join(brand, 'ocean'), { recursive: true });
      await Promise.all(files.map((name) => writeFile(join(brand, name), 'something')));
    });

    it('finds them in BRAND_DIR', async () => {
      await write({ 'a.yaml': everything, 'b.yaml': GOOD.replace('Deep Sea', 'B') });
      await expect(readChannels(folder, brand)).resolves.toHaveLength(2);
    });

    it('names each that is not there by file and key; where nobody has the folder, nobody looks', async () => {
      await Promise.all(files.slice(0, 4).map((name) => rm(join(brand, name))));
      await write({ 'a.yaml': everything, 'b.yaml': cut('outro: ocean').replace('Deep Sea', 'B') });
      const missing = (key: string, name: string) => `cut.${key}: there is no file ${name} in BRAND_DIR (${brand})`;
      expect(await problems(brand)).toEqual([
        `a.yaml: ${[
          missing('intro', 'ocean/intro.mp4'),
          missing('outro', 'outro.mp4'),
          missing('watermark.file', 'mark.png'),
          missing('music', 'ocean/calm.mp3'),
        ].join('; ')}`,
        `b.yaml: ${missing('outro', 'ocean')}`,
      ]);
      await expect(readChannels(folder)).resolves.toHaveLength(2);
    });

    it('takes a key with nothing behind it for one that is left out', async () => {
      await write({ 'a.yaml': `${GOOD}cut:\n`, 'b.yaml': cut('intro:', 'music:', 'watermark:').replace('Deep Sea', 'B') });
      await expect(readChannels(folder, brand)).resolves.toHaveLength(2);
    });
  });
});

describe('a schedule', () => {
  const slots = (time_zone: string, times: string[], after: string, count: number) => {
    const moments = slotsAfter({ time_zone, times }, new Date(after));
    return Array.from({ length: count }, () => moments.next().value.toISOString());
  };

  it('names moments in their order, each once, however the days overlap', () => {
    // A Wednesday.
    expect(slots('UTC', ['weekdays 18:00', 'fri 18:00', 'sat 10:30', 'daily 23:59'], '2026-11-25T17:59:59Z', 8)).toEqual([
      '2026-11-25T18:00:00.000Z',
      '2026-11-25T23:59:00.000Z',
      '2026-11-26T18:00:00.000Z',
      '2026-11-26T23:59:00.000Z',
      '2026-11-27T18:00:00.000Z',
      '2026-11-27T23:59:00.000Z',
      '2026-11-28T10:30:00.000Z',
      '2026-11-28T23:59:00.000Z',
    ]);
    expect(slots('UTC', ['wed 18:00'], '2026-11-25T18:00:00Z', 1)).toEqual(['2026-12-02T18:00:00.000Z']);
  });

  it('keeps to the clock on the wall when summer time begins and ends', () => {
    expect(slots('Europe/Berlin', ['daily 18:00'], '2026-10-24T00:00:00Z', 2)).toEqual([
      '2026-10-24T16:00:00.000Z',
      '2026-10-25T17:00:00.000Z',
    ]);
    // The hour that does not exist, and the one that exists twice: once each.
    const spring = slots('America/New_York', ['daily 02:30'], '2027-03-13T12:00:00Z', 2);
    expect(new Set(spring).size).toBe(2);
    const autumn = slots('America/New_York', ['daily 01:30'], '2026-10-31T12:00:00Z', 2);
    expect(autumn.map((moment) => moment.slice(0, 10))).toEqual(['2026-11-01', '2026-11-02']);
  });

  it.each([
    ['a day that is none', "times: ['someday 18:00']", 'times'],
    ['an hour that is none', "times: ['fri 24:00']", 'times'],
    ['no time', 'times: []', 'times'],
    ['a zone that is none', "times: ['fri 18:00']", 'time_zone', 'Mars/Olympus'],
  ])('is refused with %s', async (_what, times, key, zone = 'Europe/Berlin') => {
    const schedule = `  schedule:\n    time_zone: ${zone}\n    ${times}\n`;
    await write({ 'a.yaml': `${GOOD.replace('privacy: private', 'privacy: public')}${schedule}` });
    expect((await problems())[0]).toMatch(`youtube.schedule.${key}`);
  });

  it('is only for channels whose videos are public', async () => {
    await write({ 'a.yaml': `${GOOD}  schedule:\n    time_zone: UTC\n    times: ['fri 18:00']\n` });
    expect((await problems())[0]).toMatch(/youtube\.schedule: .*privacy must be public/);
    await write({
      'a.yaml': `${GOOD.replace('privacy: private', 'privacy: public')}  schedule:\n    time_zone: UTC\n    times: ['fri 18:00']\n`,
    });
    await expect(readChannels(folder)).resolves.toHaveLength(1);
  });
});
