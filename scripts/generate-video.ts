import { expectMedia } from '#media';
import type { ClipSeconds } from '#pipeline';
import { Kie } from '#providers/kie';
import { InvalidArgumentError } from 'commander';
import { fromEnvironment, keyFrom, runScript } from './cli.js';

interface Options {
  image: string;
  motion: string;
  seconds: ClipSeconds;
  out: string;
  job?: string;
  callback?: string;
  model: string;
  baseUrl: string;
  uploadBaseUrl: string;
  apiKey: string;
}

await runScript<'generate-video', Options>({
  name: 'generate-video',
  about:
    'Makes a clip from a picture through KIE.ai. It is billed when it is submitted; a job that was submitted before is picked up with --job.',
  example: 'generate-video --image scene.png --motion "slow push in" --seconds 5 --out clip.mp4',
  options: (command) =>
    command
      .requiredOption('--image <file>', 'the first frame')
      .requiredOption('--motion <text>', 'how it moves')
      .requiredOption('--seconds <5|10>', 'length of the clip', clipSeconds)
      .option('--job <id>', 'wait for this job instead of submitting one')
      .option('--callback <url>', 'told by KIE when the job is over')
      .addOption(fromEnvironment('--model <id>', 'clip model', 'KIE_CLIP_MODEL'))
      .addOption(fromEnvironment('--base-url <url>', 'KIE jobs API', 'KIE_BASE_URL'))
      .addOption(fromEnvironment('--upload-base-url <url>', 'KIE upload API', 'KIE_UPLOAD_BASE_URL'))
      .addOption(keyFrom('KIE_API_KEY')),
  run: async ({ image, motion, seconds, out, job, callback, model, ...access }, { signal, paid, report }) => {
    const kie = new Kie(access);
    let jobId = job;
    if (!jobId) {
      await expectMedia(image, { kind: 'image' }, signal);
      const imageUrl = await kie.hostImage(image, signal);
      const clip = { model, imageUrl, motion, seconds, ...(callback && { callbackUrl: callback }) };
      jobId = await paid(() => kie.submitClip(clip));
      await report({ event: 'submitted', provider_job_id: jobId });
    }
    await kie.download(await kie.waitForClip(jobId, signal), out, signal);
    await expectMedia(out, { kind: 'video' }, signal);
    return { model };
  },
});

function clipSeconds(text: string): ClipSeconds {
  if (text === '5') return 5;
  if (text === '10') return 10;
  throw new InvalidArgumentError('It must be 5 or 10.');
}
