import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { permanent, type Failure, type Finding, type VideoEncoder } from '#pipeline';
import { beside, writeWhole } from '../atomic-file.js';
import { checksum } from '../checksum.js';
import { ffmpeg } from '../ffmpeg.js';
import { inParallel } from '../parallel.js';
import { blame, probe, unusable } from '../probe.js';
import { SAMPLE_RATE } from '../sound/form.js';
import { PARTS } from '../sound/levels.js';
import { mixSound } from '../sound/mix.js';
import { measure, type Measured } from '../sound/measure.js';
import { readClips, type Clips } from './clip.js';
import { deviceOf, encodingOf, uploadOf, SOFTWARE, encoderWorks, type Encoding } from './encoder.js';
import { findingsOf } from './findings.js';
import { FONT_FILES } from './fonts.js';
import { labelSynthetic } from './label.js';
import { chaptersOf, concatListOf } from './lists.js';
import { timeline, type Manifest } from './manifest.js';
import { CAPTIONS_FILE, FONTS_FOLDER, piecesOf, type EncodedPiece, type Piece } from './pieces.js';
import { scoreOf } from './score.js';
import { verify } from './verify.js';

/** Counts up whenever the same recipe draws something else, so that nothing old is taken from a cache. */
const RECIPES = 1;
/** Names of what is kept. */
const MADE = /^[0-9a-f]{64}\.(mp4|m4a)$/;
/** Processors that one encoder is given. With one it takes 200 MB at 1920x1080, with two 270: few encoders with several are better than one for each. */
const THREADS = 4;
/** Units a second of a cut without a copied clip: a multiple of all rates. */
const TIME_BASE = 19_200;

export interface RenderOptions {
  signal?: AbortSignal;
  /** Called with the frames that are done. */
  onFrame?: (frames: number) => void;
  /** A folder that keeps what was drawn and mixed, so that a cut in which little has changed is made of it. What the cut does not need is removed from it. */
  cache?: string;
  /** Where this encoder cannot be used, libx264 is. Left out: libx264. */
  encoder?: VideoEncoder;
}

/** What a cut came out as. */
export interface Rendered extends Pick<Measured, 'loudness' | 'peak'> {
  /** Pieces of the picture: copied as they were, drawn anew, and drawn before. */
  copied: number;
  drawn: number;
  kept: number;
  encoder: VideoEncoder;
  findings: Finding[];
}

/**
 * Renders a manifest: H.264 and AAC, frame for frame as long as planned, at -14 LUFS, with the index in front so that it plays while it loads. Clips that
 * are all of one form are copied, not encoded; what has to be drawn is drawn piece by piece, on all processors, and the sound is mixed meanwhile.
 * @throws Failure MEDIA_UNUSABLE naming the file that cannot be used; CUT_LENGTH_WRONG; DISK_FULL; STOPPED
 */
export async function renderCut(manifest: Manifest, out: string, options: RenderOptions = {}): Promise<Rendered> {
  const located = withAbsolutePaths(manifest);
  const { intro, outro, scenes } = located;
  const clips = await readClips(
    [intro?.file, ...scenes.map(({ clip }) => clip), outro?.file].filter((path) => path !== undefined),
    options.signal,
  );
  await expectFiles(located);
  return beside(out, async (folder) => {
    const render = new Render(located, clips, await silentOf(located, options.signal), resolve(folder), options);
    try {
      return await render.to(out, commonForm(located, clips));
    } catch (error) {
      // Streams that look alike and yet do not fit together: then nothing is copied.
      if ((error as Partial<Failure>).code !== CUT_LENGTH_WRONG || !render.hasCopied) throw error;
      return render.to(out, null);
    }
  });
}

const CUT_LENGTH_WRONG = 'CUT_LENGTH_WRONG';

/** One cut in the making. */
class Render {
  hasCopied = false;
  private readonly sums = new Map<string, Promise<string>>();
  private readonly used = new Set<string>();
  private readonly done = new Map<Piece | 'copied', number>();

  constructor(
    private readonly manifest: Manifest,
    private readonly clips: Clips,
    /** Of intro and outro those without sound. */
    private readonly silent: ReadonlySet<string>,
    private readonly folder: string,
    private readonly options: RenderOptions,
  ) {}

  async to(out: string, form: string | null): Promise<Rendered> {
    const { manifest, clips, options } = this;
    const pieces = piecesOf(manifest, clips, form);
    const copied = pieces.filter((piece) => piece.kind === 'copied');
    this.hasCopied = copied.length > 0;
    this.done.clear();
    const encoder = options.encoder && (await encoderWorks(options.encoder, options.signal)) ? options.encoder : SOFTWARE;
    const [first] = copied;
    const timeBase = first?.clip.copy?.timeBase ?? TIME_BASE;
    const encoding = { encoder, framesPerSecond: manifest.frames_per_second, timeBase };

    const failed = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, failed.signal]) : failed.signal;
    const stopOthers = (error: unknown) => {
      failed.abort();
      throw error;
    };
    const [picture, sound] = await settled([
      this.picture(pieces, encoding, signal).catch(stopOthers),
      this.sound(signal).catch(stopOthers),
    ]);
    await this.join(picture.path, sound.path, out);
    const problem = await verify(out, manifest);
    if (problem) throw wrongLength(problem);
    if (manifest.synthetic) await labelSynthetic(out);
    await this.sweep();
    const { loudness, peak } = sound.measured;
    const findings = findingsOf(manifest, clips, sound.measured);
    const kept = pieces.length - copied.length - picture.drawn;
    return { loudness, peak, copied: copied.length, drawn: picture.drawn, kept, encoder, findings };
  }

  /** The whole picture in one file: what is missing is drawn, then one piece follows the other. */
  private async picture(pieces: readonly Piece[], encoding: Encoding, signal: AbortSignal): Promise<{ path: string; drawn: number }> {
    const files = new Array<string | null>(pieces.length).fill(null);
    const toDraw = [...pieces.entries()].flatMap(([index, piece]) => (piece.kind === 'encoded' ? [{ index, piece }] : []));
    const missing = await this.missing(toDraw, encoding, files);
    const cores = availableParallelism();
    const draw = (atOnce: number, isStill: boolean) => {
      const output = encodingOf(encoding, Math.floor(cores / atOnce), isStill);
      const pieces = missing.filter(({ piece }) => piece.isStill === isStill);
      return inParallel(pieces, atOnce, ({ piece, file }, stop) => this.draw(piece, file, output, encoding, stop), signal);
    };
    // A still is found by decoding, which one processor does alone.
    await draw(cores, true);
    await draw(Math.max(1, Math.floor(cores / THREADS)), false);
    const [list, picture] = [join(this.folder, 'pieces.txt'), join(this.folder, 'picture.mp4')];
    await writeFile(list, concatListOf(pieces, files, this.manifest.frames_per_second));
    const colors = 'h264_metadata=colour_primaries=1:transfer_characteristics=1:matrix_coefficients=1:video_full_range_flag=0';
    const inputs = ['-f', 'concat', '-safe', '0', '-i', list, '-map', '0:v:0', '-c', 'copy', '-bsf:v', colors];
    const copied = pieces.reduce((sum, { kind, frames }) => sum + (kind === 'copied' ? frames : 0), 0);
    const onFrame = (frames: number) => {
      this.advance('copied', Math.min(frames, copied));
    };
    await ffmpeg([...inputs, '-video_track_timescale', String(TIME_BASE), picture], { signal, onFrame });
    return { path: picture, drawn: missing.length };
  }

  /** Of the pieces those that nobody has drawn before; `files` says where each is. */
  private async missing(pieces: readonly { index: number; piece: EncodedPiece }[], encoding: Encoding, files: (string | null)[]) {
    const missing: { piece: EncodedPiece; file: string }[] = [];
    for (const { index, piece } of pieces) {
      const file = await this.place('.mp4', [
        'picture',
        encoding,
        piece.graph,
        piece.captions,
        piece.isStill,
        ...(await this.contents(piece.inputs)),
      ]);
      files[index] = file;
      // Two scenes can be the same picture.
      const isThere = missing.some((other) => other.file === file) || (await exists(file));
      if (isThere) this.advance(piece, piece.frames);
      else missing.push({ piece, file });
    }
    return missing;
  }

  private async draw(piece: EncodedPiece, file: string, output: readonly string[], encoding: Encoding, signal: AbortSignal): Promise<void> {
    const cwd = await mkdtemp(join(this.folder, 'draw-'));
    if (piece.captions) {
      await writeFile(join(cwd, CAPTIONS_FILE), piece.captions);
      await mkdir(join(cwd, FONTS_FOLDER));
      for (const font of FONT_FILES) await symlink(font, join(cwd, FONTS_FOLDER, basename(font)));
    }
    // Two threads a decoder keep the encoder busy; more of them only hold more frames.
    const run = async (decoding: readonly string[], temporary: string): Promise<number> => {
      let frames = 0;
      const inputs = piece.inputs.flatMap((input) => [...decoding, '-threads', '2', '-i', input]);
      const graph = `${piece.graph};[video]${uploadOf(encoding)}[out]`;
      const onFrame = (count: number) => {
        frames = count;
        this.advance(piece, count);
      };
      const args = ['-filter_complex_threads', '1', '-filter_complex', graph, '-map', '[out]', ...output, resolve(temporary)];
      await ffmpeg(['-xerror', ...deviceOf(encoding), ...inputs, ...args], { signal, onFrame, cwd }).catch((error: unknown) =>
        blame(piece.inputs, '0:v:0', error, signal),
      );
      return frames;
    };
    await writeWhole(file, async (temporary) => {
      const frames = await run(piece.isStill ? ['-skip_frame', 'noref'] : [], temporary);
      // A last frame that no other needs was not decoded.
      if (frames !== piece.frames && piece.isStill && (await run([], temporary)) === piece.frames) return;
      if (frames !== piece.frames)
        throw unusable(piece.inputs[0] ?? file, `${frames} instead of ${piece.frames} frames could be drawn from it`);
    });
  }

  private async sound(signal: AbortSignal): Promise<{ path: string; measured: Measured }> {
    const moments = this.moments(timeline(this.manifest).frames);
    const score = scoreOf(this.manifest, this.silent, (frames) => this.moments(frames));
    const sounds = PARTS.flatMap((part) => score[part].map((placed) => ({ ...placed, part })));
    const places = sounds.map((sound) => ({ ...sound, file: undefined }));
    const path = await this.place('.m4a', ['sound', moments, places, ...(await this.contents(sounds.map(({ file }) => file)))]);
    if (await exists(path)) return { path, measured: await measure(path, signal) };
    const measured = await writeWhole(path, (temporary) => mixSound(score, moments, this.folder, temporary, signal));
    return { path, measured };
  }

  /** Samples of a channel. Frames are placed where they begin, so rounding never adds up. */
  private moments(frames: number): number {
    return Math.round((frames * SAMPLE_RATE) / this.manifest.frames_per_second);
  }

  private async join(picture: string, sound: string, out: string): Promise<void> {
    const chapters = join(this.folder, 'chapters.txt');
    await writeFile(chapters, chaptersOf(this.manifest));
    const { signal } = this.options;
    await ffmpeg(
      [
        ...['-i', picture, '-i', sound, '-f', 'ffmetadata', '-i', chapters, '-map', '0:v:0', '-map', '1:a:0', '-c', 'copy'],
        ...['-map_metadata:g', '-1', '-map_metadata:s', '-1', '-map_chapters', '2', '-movflags', '+faststart', out],
      ],
      signal && { signal },
    );
  }

  /** Where something is made, and found again if there is a cache; `recipe` is all that it follows from. */
  private async place(extension: string, recipe: readonly unknown[]): Promise<string> {
    const folder = resolve(this.options.cache ?? this.folder);
    await mkdir(folder, { recursive: true });
    const hash = createHash('sha256').update(JSON.stringify([RECIPES, ...recipe]));
    const file = join(folder, `${hash.digest('hex')}${extension}`);
    this.used.add(file);
    return file;
  }

  /** What files hold. Without a cache, in which it has to be known later, too, their names will do. */
  private async contents(paths: readonly string[]): Promise<readonly string[]> {
    if (this.options.cache === undefined) return paths;
    const sum = (path: string) => {
      const known = this.sums.get(path) ?? checksum(path).then((made) => made.checksum);
      this.sums.set(path, known);
      return known;
    };
    return Promise.all(paths.map(sum));
  }

  private async sweep(): Promise<void> {
    const { cache } = this.options;
    if (cache === undefined) return;
    // Only what a cut has put there: a folder that was named by mistake keeps its files.
    const made = (await readdir(cache)).filter((name) => MADE.test(name)).map((name) => join(resolve(cache), name));
    await Promise.all(made.filter((file) => !this.used.has(file)).map((file) => rm(file, { force: true })));
  }

  private advance(what: Piece | 'copied', frames: number): void {
    this.done.set(what, frames);
    this.options.onFrame?.([...this.done.values()].reduce((sum, count) => sum + count, 0));
  }
}

/** All of them to their end, also when one fails: nothing may go on writing into a folder that is being removed. */
async function settled<A, B>(work: readonly [Promise<A>, Promise<B>]): Promise<[A, B]> {
  const results = await Promise.allSettled(work);
  const failures = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason as Failure);
  // Whoever was stopped for the other's sake has nothing to say.
  const failure = failures.find(({ code }) => code !== 'STOPPED') ?? failures[0];
  if (failure) throw failure;
  return Promise.all(work);
}

function withAbsolutePaths(manifest: Manifest): Manifest {
  const { intro, outro, watermark, music, scenes } = manifest;
  return {
    ...manifest,
    ...(intro && { intro: { ...intro, file: resolve(intro.file) } }),
    ...(outro && { outro: { ...outro, file: resolve(outro.file) } }),
    ...(watermark && { watermark: { ...watermark, file: resolve(watermark.file) } }),
    ...(music && { music: resolve(music) }),
    scenes: scenes.map((scene) => ({
      ...scene,
      clip: resolve(scene.clip),
      ...(scene.narration && { narration: resolve(scene.narration) }),
      ...(scene.sound_effect && { sound_effect: resolve(scene.sound_effect) }),
    })),
  };
}

async function silentOf({ intro, outro }: Manifest, signal?: AbortSignal): Promise<Set<string>> {
  const files = [intro?.file, outro?.file].filter((file) => file !== undefined);
  const probed = await Promise.all(files.map(async (file) => ({ file, ...(await probe(file, signal)) })));
  return new Set(probed.filter(({ audioCodec }) => audioCodec === null).map(({ file }) => file));
}

/** What is not read before it is used must at least be there: else a minute of work would be lost for a name. */
async function expectFiles({ watermark, music, scenes }: Manifest): Promise<void> {
  const paths = [watermark?.file, music, ...scenes.flatMap(({ narration, sound_effect }) => [narration, sound_effect])];
  for (const path of new Set(paths.filter((one) => one !== undefined))) {
    const found = await stat(path).catch(() => null);
    if (!found?.isFile()) throw unusable(path, 'it is not there');
    if (found.size === 0) throw unusable(path, 'it is empty');
  }
}

/** The form that most scenes' clips have, if it is the cut's own; null when none can be copied. */
function commonForm({ width, height, frames_per_second: rate, scenes }: Manifest, clips: Clips): string | null {
  const counts = new Map<string, number>();
  for (const { clip: path } of scenes) {
    const clip = clips.get(path);
    if (!clip.copy || clip.width !== width || clip.height !== height || clip.rate !== rate) continue;
    counts.set(clip.copy.form, (counts.get(clip.copy.form) ?? 0) + 1);
  }
  return [...counts].sort(([, one], [, other]) => other - one)[0]?.[0] ?? null;
}

function wrongLength(problem: string): Failure {
  return permanent({
    code: CUT_LENGTH_WRONG,
    message: `The cut is not as planned: ${problem}`,
    userMessage: 'The final cut came out with the wrong length. Retry the task; if it stays so, ask for the clips to be made again.',
  });
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
