import { inSeconds, passage, type Finding } from '#pipeline';
import { ffmpegPrints } from './ffmpeg.js';
import { loadSharp } from './picture.js';
import { damaged, type MediaInfo } from './probe.js';

/** From and to (ms). */
type Span = readonly [from: number, to: number];

/** What is bad for this share of an item leaves too little of it to be of use: it is grave. */
const GRAVE_SHARE = 0.5;

const BLACK = {
  /** Brightest that still is black (of 1). FFmpeg's own 0.1 takes the deep sea by night for black; encoders leave black at 0.01 at most. */
  pixel: 0.04,
  /** Share of the picture that has to be. FFmpeg's own 0.98 passes over a small light in the dark, 150 pixels wide, which is a picture. */
  picture: 0.995,
  /** Less is a blink between two scenes (ms). */
  leastMs: 250,
};

/**
 * How much two frames may differ, on average, and be the same (dB below white). Measured: what stands still differs by less than -60, with the finest
 * detail and at any bit rate; a bird of 60 pixels that crosses a still night is at -57, the slowest pan of the simulator at -49. A zoom of one percent
 * in 5 s is at -65: nobody sees it. Under film grain (-59) a still picture is not known.
 */
const FROZEN_DB = -60;
/** Shorter, a still moment is a pause (s). */
const FROZEN_SECONDS = 2;
/** An encoder's groups of pictures differ by a touch: what is no further apart is one passage (ms). */
const FROZEN_APART_MS = 100;
/** As wide as pictures are looked at (pixels): the average of 20x20 is free of what the encoder adds, and most of the work is saved. */
const LOOKED_AT = 96;

/** A clip is shown 1920x1080: what is lower than this looks soft (pixels). Models call 716 lines "720p". */
const LOWEST = 700;
/** What is of another shape by a larger share than this visibly loses its edges. Models round sides to multiples of 8 or 16. */
const SHAPE = { ratio: 16 / 9, tolerance: 0.03 };

/** Quieter than this nothing is heard beneath a film's sound (RMS of a tenth of a second, dB of full scale). */
const SILENT_DB = -50;
/** A pause that long is no rhetorical one (ms); in something shorter, this share of it. */
const SILENT_MS = 2_000;
const SILENT_SHARE = 0.9;

/** Full scale, less what rounding takes off (dB). */
const FULL_SCALE_DB = -0.1;
/** Share of a tenth of a second at full scale from which it is heard as distortion; a peak that only touches it is 0.2 %. */
const CLIPPED_SHARE = 0.01;
/** Speech is distorted in its vowels: what is no further apart is one passage (ms). */
const CLIPPED_APART_MS = 500;
/** Less is a crackle (ms). */
const CLIPPED_MS = 300;

/** Narrations come at -18 to -26 LUFS. The cut levels them; beyond these the level takes noise with it, or distortion is in it. */
const LOUDNESS = { quietest: -36, loudest: -10 };
/** By EBU R 128 a sound has a loudness from this length on (ms); below its gate it is silent. */
const LOUDNESS_FROM_MS = 400;
const GATE_LUFS = -70;

/** Speech takes between half and twice the expected time; what is further off left words out, or added some. Very short texts take what they take (ms). */
const SPOKEN = { factor: 2, slackMs: 2_000, graveFactor: 4 };

/** By so much a clip may be shorter than ordered (ms): models count frames. */
const CLIP_SLACK_MS = 500;

/** Differences within a picture (of 255) below which it is one colour, noise of the encoder included. */
const BLANK_DEVIATION = 2;

/**
 * What is wrong with a clip. One decoding serves all; frames on which no other depends are left out of it, which saves a third.
 * @param orderedMs how long it was to be
 * @throws Failure MEDIA_UNUSABLE when it cannot be decoded, STOPPED
 */
export async function inspectClip(path: string, media: MediaInfo, orderedMs: number, signal?: AbortSignal): Promise<Finding[]> {
  const filters = [
    'setpts=PTS-STARTPTS',
    `scale=${LOOKED_AT}:-2:flags=area`,
    `blackdetect=d=0:pix_th=${BLACK.pixel}:pic_th=${BLACK.picture}`,
    `freezedetect=n=${FROZEN_DB}dB:d=${FROZEN_SECONDS}`,
    'metadata=print:file=-',
  ];
  const frames = await decoded(path, ['-skip_frame', 'noref'], ['-map', '0:v:0', '-vf', filters.join(',')], signal);
  const lastsMs = media.durationMs ?? 0;
  const black = spans(frames, 'lavfi.black_start', 'lavfi.black_end', lastsMs).filter(([from, to]) => to - from >= BLACK.leastMs);
  // What is black stands still, too.
  const still = joined(spans(frames, 'lavfi.freezedetect.freeze_start', 'lavfi.freezedetect.freeze_end', lastsMs), FROZEN_APART_MS);
  const frozen = still.filter((span) => !black.some((other) => overlap(span, other) > 0));
  return [
    ...passages('black', 'Black', black, lastsMs),
    ...passages('frozen', 'Frozen', frozen, lastsMs),
    ...shorter(lastsMs, orderedMs),
    ...misshapen(media),
  ];
}

/**
 * What is wrong with a narration.
 * @param expectedMs how long its text takes to say
 * @throws Failure as `inspectClip`
 */
export async function inspectNarration(path: string, media: MediaInfo, expectedMs: number, signal?: AbortSignal): Promise<Finding[]> {
  const lastsMs = media.durationMs ?? 0;
  const { tenths, lufs } = await heard(path, lastsMs, signal);
  const silent = joined(spansOf(tenths, isSilent), 0).filter(([from, to]) => to - from >= Math.min(SILENT_MS, lastsMs * SILENT_SHARE));
  return [
    ...passages('silent', 'Silent', silent, lastsMs),
    ...clipped(tenths, lastsMs),
    ...misleveled(lufs, lastsMs),
    ...misspoken(lastsMs, expectedMs),
  ];
}

/**
 * What is wrong with a sound effect. Most end in silence, and how loud they are is a matter of taste: only one that is never heard is silent.
 * @throws Failure as `inspectClip`
 */
export async function inspectSoundEffect(path: string, media: MediaInfo, signal?: AbortSignal): Promise<Finding[]> {
  const lastsMs = media.durationMs ?? 0;
  const { tenths } = await heard(path, lastsMs, signal);
  return tenths.every(isSilent) ? passages('silent', 'Silent', [[0, lastsMs]], lastsMs) : clipped(tenths, lastsMs);
}

/** What is wrong with a picture. */
export async function inspectImage(path: string): Promise<Finding[]> {
  const sharp = await loadSharp();
  const { channels } = await sharp(path).removeAlpha().resize(64, 64, { fit: 'fill' }).stats();
  if (channels.some(({ stdev }) => stdev >= BLANK_DEVIATION)) return [];
  return [{ code: 'blank', message: 'Nothing but one colour', grave: true }];
}

/** A tenth of a second of sound, the last one shorter. */
interface Tenth {
  readonly span: Span;
  readonly rmsDb: number;
  readonly peakDb: number;
  /** Share of it that is as loud as its loudest. */
  readonly atPeak: number;
}

const isSilent = ({ rmsDb }: Tenth) => rmsDb < SILENT_DB;
const isClipped = ({ peakDb, atPeak }: Tenth) => peakDb > FULL_SCALE_DB && atPeak >= CLIPPED_SHARE;

async function heard(path: string, lastsMs: number, signal?: AbortSignal): Promise<{ tenths: Tenth[]; lufs: number }> {
  const filters = [
    'asetpts=PTS-STARTPTS',
    // As a player has it: what is beyond full scale is cut off.
    'aformat=sample_fmts=s16',
    // It also cuts what it hands on into tenths of a second.
    'ebur128=metadata=1',
    'astats=metadata=1:reset=1:measure_perchannel=none:measure_overall=Peak_level+RMS_level+Peak_count+Number_of_samples',
    'ametadata=print:file=-',
  ];
  const frames = await decoded(path, [], ['-map', '0:a:0', '-af', filters.join(',')], signal);
  const tenths = frames.map((frame, index): Tenth => {
    const value = (name: string) => number(frame.values.get(`lavfi.astats.Overall.${name}`));
    return {
      span: [frame.atMs, frames[index + 1]?.atMs ?? Math.max(lastsMs, frame.atMs)],
      rmsDb: value('RMS_level'),
      peakDb: value('Peak_level'),
      atPeak: value('Peak_count') / value('Number_of_samples'),
    };
  });
  return { tenths, lufs: number(frames.at(-1)?.values.get('lavfi.r128.I')) };
}

function clipped(tenths: readonly Tenth[], lastsMs: number): Finding[] {
  const spans = joined(spansOf(tenths, isClipped), CLIPPED_APART_MS).filter(([from, to]) => to - from >= CLIPPED_MS);
  return passages('clipped', 'Distorted', spans, lastsMs);
}

function misleveled(lufs: number, lastsMs: number): Finding[] {
  if (lastsMs < LOUDNESS_FROM_MS || lufs <= GATE_LUFS) return [];
  const how = lufs < LOUDNESS.quietest ? 'quiet' : lufs > LOUDNESS.loudest ? 'loud' : null;
  return how ? [{ code: 'loudness', message: `Very ${how} (${lufs.toFixed(0)} LUFS)`, grave: false }] : [];
}

function misspoken(lastsMs: number, expectedMs: number): Finding[] {
  const isOff = (factor: number) => lastsMs > expectedMs * factor + SPOKEN.slackMs || lastsMs + SPOKEN.slackMs / 2 < expectedMs / factor;
  if (!isOff(SPOKEN.factor)) return [];
  const message = `Lasts ${inSeconds(lastsMs)} s, its text takes about ${inSeconds(expectedMs)} s to say`;
  return [{ code: 'length', message, grave: isOff(SPOKEN.graveFactor) }];
}

function shorter(lastsMs: number, orderedMs: number): Finding[] {
  if (lastsMs >= orderedMs - CLIP_SLACK_MS) return [];
  const message = `Lasts ${inSeconds(lastsMs)} s, ordered were ${inSeconds(orderedMs)} s`;
  return [{ code: 'length', message, grave: lastsMs < orderedMs * GRAVE_SHARE }];
}

/** Not grave: the same model would make the same size again. */
function misshapen({ width, height }: MediaInfo): Finding[] {
  if (!width || !height) return [];
  const isOfShape = Math.abs(width / height / SHAPE.ratio - 1) <= SHAPE.tolerance;
  if (isOfShape && height >= LOWEST) return [];
  const why = isOfShape ? 'is shown larger than it is' : 'loses its edges';
  return [{ code: 'size', message: `${width}x${height}: ${why}`, grave: false }];
}

/** Grave is each when together they are. */
function passages(code: Finding['code'], what: string, found: readonly Span[], lastsMs: number): Finding[] {
  const badMs = found.reduce((sum, [from, to]) => sum + to - from, 0);
  return found.map((span) => passage(code, what, span, badMs >= lastsMs * GRAVE_SHARE));
}

const spansOf = (tenths: readonly Tenth[], isBad: (tenth: Tenth) => boolean) => tenths.filter(isBad).map(({ span }) => span);

/** Passages that are no further apart than that, as one. */
function joined(spans: readonly Span[], apartMs: number): Span[] {
  const found: [number, number][] = [];
  for (const [from, to] of spans) {
    const last = found.at(-1);
    if (last && from - last[1] <= apartMs) last[1] = to;
    else found.push([from, to]);
  }
  return found;
}

const overlap = ([from, to]: Span, [otherFrom, otherTo]: Span) => Math.min(to, otherTo) - Math.max(from, otherFrom);

/** What a filter says begins at one frame and ends at another, or with the file. */
function spans(frames: readonly Frame[], startKey: string, endKey: string, lastsMs: number): Span[] {
  const found: Span[] = [];
  let from: number | null = null;
  for (const { values } of frames) {
    // One may end and the next begin with the same frame.
    const [start, end] = [values.get(startKey), values.get(endKey)];
    if (end !== undefined && from !== null) {
      found.push([from, milliseconds(end)]);
      from = null;
    }
    if (start !== undefined) from = milliseconds(start);
  }
  return from === null ? found : [...found, [from, Math.max(from, lastsMs)]];
}

/** A frame of which filters have something to say. */
interface Frame {
  readonly atMs: number;
  readonly values: ReadonlyMap<string, string>;
}

/** Decodes a file's picture or sound through filters that end in `metadata=print`, and reads what that prints. */
async function decoded(path: string, reading: readonly string[], filtering: readonly string[], signal?: AbortSignal): Promise<Frame[]> {
  const printed = await ffmpegPrints([...reading, '-i', path, ...filtering], signal).catch((error: unknown) => {
    throw damaged(path, error);
  });
  const frames: { atMs: number; values: Map<string, string> }[] = [];
  for (const line of printed.split('\n')) {
    const at = /^frame:\d+\s.*pts_time:(\S+)/.exec(line)?.[1];
    if (at !== undefined) frames.push({ atMs: milliseconds(at), values: new Map() });
    const [, key, value] = /^(lavfi\.[^=]+)=(.*)$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) frames.at(-1)?.values.set(key, value.trim());
  }
  return frames;
}

const milliseconds = (seconds: string) => Math.max(0, Math.round(number(seconds) * 1_000));

/** A number as filters print it; what is none is as little as can be: silence has no level. */
function number(text: string | undefined): number {
  const value = text === undefined ? NaN : Number(text);
  return Number.isNaN(value) ? -Infinity : value;
}
