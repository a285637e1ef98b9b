import { House } from '../house.js';
import { dueTimes, useOf } from '../measure.js';
import { CAPS, COUNTS } from '../model.js';
import { said, secondMsAt, type BenchOptions } from '../options.js';
import { People } from '../people.js';
import { feed } from '../seeds.js';
import { goal, table } from '../table.js';

/** Slow, as these items are short: what this machine takes to hand a place on would look like half a minute of the model. */
const SCALE = 10;
/** Of each of the two stages. */
const PROCESSES = 2;
/** Videos whose narrations are to be made, and as many others whose effects are. */
const [VIDEOS, QUICK_VIDEOS] = [12, 5];
const GOAL = 5.5;
/** In times of what the provider needs. */
const PATIENCE = 6;

/** Two stages, of several processes each, that share a provider: never more than it allows, and never less while there is something to do. */
export async function shared(bench: BenchOptions): Promise<void> {
  const scale = bench.scale ?? SCALE;
  const count = bench.quick ? QUICK_VIDEOS : VIDEOS;
  const items = count * (COUNTS.narration + COUNTS.sound_effect);
  said(`shared: ${items} narrations and effects`);
  const channels = [{ key: 'spoken' }, { key: 'heard' }];
  const use = await House.with({ channels, timing: { seed: bench.seed, secondMs: secondMsAt(scale) }, bench }, async (house) => {
    await house.startWorkers(['audio', 'sfx'], PROCESSES);
    return People.in(
      house,
      async (people) => {
        const videos = Array.from({ length: count }, (_, index) => index);
        await Promise.all([
          feed(house, people, { seed: bench.seed, channel: 'spoken', videos, gate: 'video_ready' }),
          feed(house, people, { seed: bench.seed, channel: 'heard', videos: videos.map((video) => video + count), gate: 'audio_ready' }),
        ]);
        const withinMs = PATIENCE * ((items * 10) / CAPS.elevenlabs) * secondMsAt(scale);
        const calls = await house.callsWhen((all) => all.filter(({ end }) => end < Infinity).length >= items, withinMs);
        return { ...useOf(calls, CAPS.elevenlabs, await dueTimes(house, calls)), made: calls.length };
      },
      [],
    );
  });
  const busy = use.busyWhileWaiting ?? 0;
  table(
    `shared: narrations and effects, ${PROCESSES} processes of each stage; 1 s here is ${scale} s of the model; seed ${bench.seed}`,
    ['', 'made', `most in flight (${CAPS.elevenlabs})`, 'in flight while some wait', 'of cap', 'place handed on in ms'],
    [['ours', `${use.made} of ${items}`, use.mostInFlight, busy, busy / CAPS.elevenlabs, use.handOverMs]],
  );
  goal('most in flight', String(use.mostInFlight), `at most ${CAPS.elevenlabs}`, use.mostInFlight <= CAPS.elevenlabs);
  goal('in flight while some wait', busy.toFixed(2), `at least ${GOAL}`, busy >= GOAL);
}
