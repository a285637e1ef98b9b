import { criticalPath, reachablePath } from '../bound.js';
import { makeVideos } from '../factory-run.js';
import { said, secondMsAt, type BenchOptions } from '../options.js';
import { goal, table } from '../table.js';

/** Slow, as the steps of one video follow each other: what the machinery takes between them would look like minutes. */
const SCALE = 20;
const QUICK_SCALE = 50;
const GOAL = 1.05;
/** In times of the critical path. */
const PATIENCE = 4;
const VIDEO = 0;

/** How long a video takes that has the factory to itself, next to its critical path, with and without run-ahead. */
export async function lone(bench: BenchOptions): Promise<void> {
  const scale = bench.scale ?? (bench.quick ? QUICK_SCALE : SCALE);
  const rows: (readonly [string, number, number, number, number, number])[] = [];
  for (const runAhead of [false, true]) {
    const path = criticalPath(bench.seed, VIDEO, { runAhead });
    said(`lone: ${runAhead ? 'with' : 'without'} run-ahead, at least ${(path / scale).toFixed(0)} s`);
    const withinMs = PATIENCE * path * secondMsAt(scale);
    const channels = [{ key: 'lone', runAhead }];
    const seconds = await makeVideos({ channels, videos: 1, scale, withinMs, bench }, ({ calls, finished }) => {
      const took = (finished.get(VIDEO) ?? NaN) - Math.min(...calls.map(({ start }) => start));
      return Promise.resolve(took / secondMsAt(scale));
    });
    const reachable = reachablePath(bench.seed, VIDEO, { runAhead });
    rows.push([runAhead ? 'with run-ahead' : 'without', seconds, path, seconds / path, reachable, seconds / reachable]);
  }
  table(
    `lone: one video; 1 s here is ${scale} s of the model; seed ${bench.seed}`,
    ['', 'takes s', 'critical path s', 'of critical path', 'longer clips first s', 'of that'],
    rows,
  );
  const [, , , ratio = NaN, , ofReachable = NaN] = rows[1] ?? [];
  goal('lone video with run-ahead of its critical path', ratio.toFixed(3), `at most ${GOAL}`, ratio <= GOAL);
  goal('  of what longer clips first can reach', ofReachable.toFixed(3), `at most ${GOAL}`, ofReachable <= GOAL);
}
