import { expectMedia } from '#media';
import { Failure } from '#pipeline';
import { clipSeconds, type ReachedHost } from '#providers/registry';
import { badArguments, number, runScript } from './cli.js';
import { hosts, provider, withProvider, type ProviderOptions } from './provider.js';

interface Options extends ProviderOptions {
  image: string;
  motion: string;
  seconds: number;
  out: string;
  job?: string;
  callback?: string;
  hosts?: string;
}

await runScript<'generate-video', Options>({
  name: 'generate-video',
  about: 'Makes a clip from a picture. It is billed when it is submitted; a job that was submitted before is picked up with --job.',
  example: 'generate-video --image scene.png --motion "slow push in" --seconds 5 --out clip.mp4',
  options: (command) =>
    withProvider(command, 'clip')
      .requiredOption('--image <file>', 'the first frame')
      .requiredOption('--motion <text>', 'how it moves')
      .requiredOption('--seconds <number>', 'length of the clip, one that the model offers', number(1, 60))
      .option('--job <id>', 'wait for this job instead of submitting one')
      .option('--callback <url>', 'told when the job is over')
      .option('--hosts <names>', 'where the picture is put for the model to fetch, the first that takes it (also from IMAGE_HOSTS)'),
  run: async (options, { signal, paid, report, waiting }) => {
    const reached = provider('clip', options);
    const { model } = reached;
    const { image, motion, seconds, callback, out } = options;
    const clips = await reached.open();
    let jobId = options.job;
    if (!jobId) {
      const offered = clipSeconds(reached);
      if (!offered.includes(seconds)) throw badArguments(`${model} makes clips of ${offered.join(', ')} s, not of ${seconds}`);
      await expectMedia(image, { kind: 'image' }, signal);
      const imageUrl = await host(hosts(options, reached), image, signal);
      const clip = { model, imageUrl, motion, seconds, ...(callback && { callbackUrl: callback }) };
      await waiting('clip_submit').turn();
      jobId = await paid(() => clips.submitClip(clip));
      await report({ event: 'submitted', provider_job_id: jobId });
    }
    await clips.download(await clips.waitForClip(jobId, waiting('clip_ask')), out, signal);
    await expectMedia(out, { kind: 'video' }, signal);
    return { model };
  },
});

/** The picture's URL at the first place that takes it. */
async function host([first, ...others]: readonly ReachedHost[], image: string, signal: AbortSignal): Promise<string> {
  if (!first) throw badArguments('IMAGE_HOSTS names no place for the picture');
  try {
    return await (await first.open()).hostImage(image, signal);
  } catch (error) {
    if (others.length === 0 || signal.aborted) throw error;
    process.stderr.write(`${first.title} did not take the picture (${Failure.from(error).message}); ${others[0]?.title ?? ''} is asked\n`);
    return host(others, image, signal);
  }
}
