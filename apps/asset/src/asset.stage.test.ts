import { describe, expect, it } from '@jest/globals';
import { readSettings, type ChannelSettings } from '#config';
import { Failure, type Storyboard } from '#pipeline';
import type { Item, TaskView } from '#stage';
import { AssetStage } from './asset.stage.js';

const stage = new AssetStage(readSettings({ SIMULATOR_URL: 'http://127.0.0.1:9' }));
const storyboard: Storyboard = {
  title: 'The Heron',
  description: 'It waits.',
  tags: [],
  research: [],
  characters: [{ key: 'heron', description: 'A grey heron with a torn wing' }],
  images: [
    { key: 'shore', role: 'environment', prompt: 'The shore at noon', characters: ['heron'] },
    { key: 'portrait', role: 'character', prompt: 'Seen from the side', characters: ['heron'] },
  ],
  scenes: [{ narration: 'It waits.', layout: 'full_frame', images: ['shore'], motion: 'pan', effect: 'wind', chapter: '' }],
};
const task = (video_usd?: number): TaskView => {
  const channel = { style: 'film grain', atmosphere: 'calm', ...(video_usd !== undefined && { budget: { video_usd } }) } as ChannelSettings;
  return { id: 't', channelId: 'c', title: '', topic: '', storyDirection: '', ownScript: '', publishAt: null, channel, thumbnail: 1 };
};

describe('the images of a storyboard', () => {
  it('say who is seen in the same words, and name the portrait that they have to look like', () => {
    expect(stage.images.plan(task(), storyboard)).toEqual([
      {
        key: 'shore',
        role: 'environment',
        prompt: 'A grey heron with a torn wing. The shore at noon. Style: film grain. Atmosphere: calm.',
        references: ['portrait'],
      },
      {
        key: 'portrait',
        role: 'character',
        prompt: 'A grey heron with a torn wing. Seen from the side. Style: film grain.',
        references: [],
      },
    ]);
  });

  it("are not paid for when the video would cost more than the channel's budget", () => {
    // Two images, a clip of five seconds, an effect, nine characters.
    expect(stage.images.plan(task(0.4), storyboard)).toHaveLength(2);
    const plan = () => stage.images.plan(task(0.39), storyboard);
    expect(plan).toThrow('The storyboard would cost USD 0.40, the channel allows 0.39');
  });
});

describe('the time at which a video is to appear', () => {
  const make = (publishAt: Date, privacy: string) => {
    const paid: unknown[] = [];
    const item = { task: { ...task(), publishAt }, run: (...call: unknown[]) => paid.push(call) } as unknown as Item<'storyboard'>;
    Object.assign(item.task.channel, { youtube: { privacy } });
    return stage.storyboard.make(item).then(
      () => ({ failure: null, paid }),
      (error: unknown) => ({ failure: Failure.from(error), paid }),
    );
  };

  it.each([
    ['has passed', new Date(Date.now() - 1_000), 'public', /Publish At: .* has passed/],
    ['would make a private video public', new Date(Date.now() + 60_000), 'private', /Publish At: .* private/],
  ])('that %s is refused before the storyboard is paid for', async (_what, publishAt, privacy, says) => {
    const { failure, paid } = await make(publishAt, privacy);
    expect(failure).toMatchObject({ code: 'PUBLISH_TIME_INVALID', kind: 'permanent', userMessage: expect.stringMatching(says) });
    expect(paid).toEqual([]);
  });
});
