import { readFile } from 'node:fs/promises';
import { Manifest, renderCut, sceneTimes } from '#media';
import { describeProblems, parse, permanent } from '#pipeline';
import { runScript } from './cli.js';

await runScript<'assemble-video', { manifest: string; out: string }>({
  name: 'assemble-video',
  about: 'Cuts clips, narrations and sound effects into one video, as manifest.json says.',
  example: 'assemble-video --manifest manifest.json --out final.mp4',
  options: (command) => command.requiredOption('--manifest <file>', 'what the cut is made from'),
  run: async ({ manifest: file, out }, { signal, report }) => {
    const manifest = await readManifest(file);
    const total = manifest.scenes.reduce((sum, { frames }) => sum + frames, 0);
    await renderCut(manifest, out, {
      signal,
      onFrame: (done) => {
        void report({ event: 'progress', done, total });
      },
    });
    return { scenes: sceneTimes(manifest) };
  },
});

async function readManifest(file: string): Promise<Manifest> {
  const unreadable = (why: string) =>
    permanent({ code: 'MANIFEST_INVALID', message: `${file}: ${why}`, userMessage: `The manifest cannot be used: ${why}` });
  let data: unknown;
  try {
    data = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw unreadable(error instanceof Error ? error.message : String(error));
  }
  const parsed = parse(Manifest, data);
  if (!parsed.ok) throw unreadable(describeProblems(parsed.problems));
  return parsed.value;
}
