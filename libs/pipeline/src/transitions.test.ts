import { describe, expect, it } from '@jest/globals';
import { IN_WORK, STATUSES, STEPS, TRANSITIONS, isLegalTransition, type Status } from '#pipeline';

/** Every status that a task in `from` can get to. */
function reachable(from: Status): Set<Status> {
  const found = new Set<Status>([from]);
  for (const status of found) {
    for (const [source, target] of TRANSITIONS) if (source === status) found.add(target);
  }
  return found;
}

function targetsOf(from: Status): Status[] {
  return TRANSITIONS.filter(([source]) => source === from)
    .map(([, target]) => target)
    .sort();
}

describe('TRANSITIONS', () => {
  it('leads from draft to every status, and from every status to published', () => {
    expect([...reachable('draft')].sort()).toEqual([...STATUSES].sort());
    expect(STATUSES.filter((status) => !reachable(status).has('published'))).toEqual([]);
  });

  it('holds no move twice and none from a status to itself', () => {
    expect(new Set(TRANSITIONS.map(String)).size).toBe(TRANSITIONS.length);
    expect(TRANSITIONS.filter(([from, to]) => from === to)).toEqual([]);
  });

  it('lets a task without trouble pass its statuses in order', () => {
    const way = STATUSES.filter((status) => !status.endsWith('_error'));
    const skipped = way.filter((from, index) => way[index + 1] && !isLegalTransition(from, way[index + 1] ?? from));
    expect(skipped).toEqual([]);
  });

  it('never skips a gate: what follows a gate is entered from its approval only', () => {
    for (const step of STEPS) {
      if (!step.gate || !step.next) continue;
      const { working } = STEPS.find(({ name }) => name === step.next) ?? step;
      const entries = TRANSITIONS.filter(([, to]) => to === working).map(([from]) => from);
      expect(entries).toContain(step.gate.approved);
      expect(entries).not.toContain(step.gate.waiting);
      expect(entries).not.toContain(step.working);
    }
  });

  it.each<[Status, Status[]]>([
    ['draft', ['queued']],
    ['queued', ['claimed', 'draft']],
    ['generating_assets', ['asset_error', 'assets_ready', 'draft']],
    ['composites_ready', ['draft', 'generating_video']],
    // A rejection sends the work back, an approval on.
    [
      'final_review',
      [
        'approved',
        'assembling',
        'draft',
        'generating_assets',
        'generating_audio',
        'generating_composites',
        'generating_sfx',
        'generating_video',
      ],
    ],
    // A retry resumes at the step that failed, whichever of the three it was.
    [
      'video_error',
      ['assembling', 'draft', 'generating_assets', 'generating_audio', 'generating_composites', 'generating_sfx', 'generating_video'],
    ],
    ['audio_error', ['draft', 'generating_assets', 'generating_audio', 'generating_composites', 'generating_sfx', 'generating_video']],
    // What is on its way to YouTube cannot be called back, and what is public stays so.
    ['uploading', ['published', 'upload_error']],
    ['published', []],
  ])('from %s: %j', (from, to) => {
    expect(targetsOf(from)).toEqual(to);
  });

  it('has 84 moves in all', () => {
    expect(TRANSITIONS).toHaveLength(84);
  });

  it('refuses what is not in the list', () => {
    expect(isLegalTransition('queued', 'claimed')).toBe(true);
    expect(isLegalTransition('claimed', 'queued')).toBe(false);
    expect(isLegalTransition('draft', 'published')).toBe(false);
  });
});

describe('IN_WORK', () => {
  it('counts admitted tasks until they are published, waiting at a gate included and failed ones not', () => {
    expect(IN_WORK).toContain('claimed');
    expect(IN_WORK).toContain('final_review');
    for (const status of ['draft', 'queued', 'published', 'upload_error'] as const) expect(IN_WORK).not.toContain(status);
  });
});
