import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { DESCRIPTION, Studio, TAGS, youtubeChannel } from './studio.js';
import type { Publisher } from './publisher.js';

jest.setTimeout(60_000);

let studio: Studio;
let publisher: Publisher;
let channelId: string;
beforeAll(async () => {
  studio = await Studio.open();
  publisher = await studio.publisher();
  channelId = await studio.addChannel(1);
});
afterAll(async () => {
  await publisher.close();
  await studio.close();
});

describe('a publication', () => {
  it('sends the approved file once, private first, and leaves it as the channel wants it', async () => {
    const { taskId, sha256, title } = await studio.addVideo(channelId);
    await publisher.publish(taskId);
    const artifact = await studio.artifact(taskId);
    expect([artifact.state, artifact.errorMessage]).toEqual(['ready', null]);
    const [video, ...more] = await studio.videos(title);
    expect(more).toEqual([]);
    expect(video).toMatchObject({
      channel_id: youtubeChannel(1),
      sha256,
      description: DESCRIPTION,
      tags: TAGS,
      category_id: '28',
      language: 'en',
      privacy: 'unlisted',
      made_for_kids: false,
      contains_synthetic_media: true,
    });
    expect(await studio.database.tasks.get(taskId)).toMatchObject({ status: 'published' });
  });
});
