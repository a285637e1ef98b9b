import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { TestGateway } from './gateway.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start();
});
afterAll(() => gateway.remove());

interface Evidence {
  title: string;
  channel: string;
  youtube_channel_id: string;
  files: { id: string; kind: string; revision: number; state: string; checksum: string }[];
  reviews: { gate: string; decision: string; reviewer: string; note?: string; shown: { artifact_id: string; checksum: string }[] }[];
  log: { actor: string; action: string }[];
  publications: { state: string; checksum: string; video_id: string; metadata: object; steps: { name: string; state: string }[] }[];
}

it('a video shows who has approved which files of it, what was replaced, and what was published', async () => {
  const { id: taskId, channelId } = await gateway.task('The Reef', 'final_review');
  const add = async (step: string, kind: string, position: number, revision: number, state: string) => {
    const [row] = await gateway.query<{ id: string }>(
      `INSERT INTO artifacts (channel_id, task_id, step, kind, position, revision, input, state, path, checksum, result)
       VALUES ($1, $2, $3, $4, $5, $6, '{}', $7, $8, $9, '{}') RETURNING id`,
      [channelId, taskId, step, kind, position, revision, state, `${kind}${position}`, `${kind}-${position}-${revision}`],
    );
    return row?.id ?? '';
  };
  await add('storyboard', 'storyboard', 0, 1, 'ready');
  await add('cut', 'cut', 0, 1, 'superseded');
  const cut = await add('cut', 'cut', 0, 2, 'ready');
  await add('captions', 'caption', 0, 1, 'ready');
  for (const position of [0, 1, 2]) await add('thumbnails', 'thumbnail', position, 1, 'ready');
  const approved = await gateway.ask('POST', `/api/v1/tasks/${taskId}/approve`, { body: { reviewer: 'ann', note: 'fine', thumbnail: 2 } });
  expect(approved.status).toBe(200);

  const publication = await add('publication', 'publication', 0, 1, 'due');
  const metadata = {
    title: 'The Reef',
    description: '',
    tags: [],
    category_id: '28',
    language: 'en',
    made_for_kids: false,
    synthetic_media: true,
  };
  const { id } = await gateway.database.publications.begin(
    { channelId, taskId, artifactId: publication, checksum: 'cut-0-2', bytes: 10, metadata, privacy: 'public', publishAt: null },
    ['captions'],
  );
  await gateway.database.publications.uploaded(id, 'abc');

  const { status, body } = await gateway.ask<Evidence>('GET', `/api/v1/tasks/${taskId}/evidence`);
  expect(status).toBe(200);
  expect(body.data).toMatchObject({ title: 'The Reef', channel: 'tide', youtube_channel_id: 'UCsimulatedchannel000001' });
  const cuts = body.data.files.filter(({ kind }) => kind === 'cut');
  expect(cuts.map(({ revision, state }) => [revision, state])).toEqual([
    [1, 'superseded'],
    [2, 'ready'],
  ]);
  expect(body.data.reviews).toMatchObject([{ gate: 'final_review', decision: 'approve', reviewer: 'ann', note: 'fine' }]);
  const shown = body.data.reviews[0]?.shown ?? [];
  expect(shown).toContainEqual({ artifact_id: cut, checksum: 'cut-0-2' });
  expect(shown.map(({ checksum }) => checksum).sort()).toEqual([
    'caption-0-1',
    'cut-0-2',
    'storyboard-0-1',
    'thumbnail-0-1',
    'thumbnail-1-1',
    'thumbnail-2-1',
  ]);
  expect(body.data.log.map(({ actor, action }) => `${actor}: ${action}`)).toEqual(['ann: review_approve']);
  expect(body.data.publications).toMatchObject([
    { state: 'uploaded', checksum: 'cut-0-2', video_id: 'abc', metadata, steps: [{ name: 'captions', state: 'due' }] },
  ]);

  const task = await gateway.ask('GET', `/api/v1/tasks/${taskId}`);
  expect(task.body.data).toMatchObject({ thumbnail: 2, publication: { state: 'uploaded', video_id: 'abc', sent_bytes: 10, bytes: 10 } });
  const file = await gateway.ask('GET', `/api/v1/tasks/${taskId}/artifacts/${cut}/file`);
  expect([file.status, file.body.error.code]).toEqual([410, 'FILE_REMOVED']);
  const nobody = await gateway.ask('GET', '/api/v1/tasks/00000000-0000-4000-8000-000000000000/evidence');
  expect(nobody.status).toBe(404);
});
