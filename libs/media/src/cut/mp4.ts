import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { createFile, MP4BoxBuffer, type ISOFile, type Movie, type Sample, type Track } from 'mp4box';

/** What is read at once (bytes): the index of a clip is smaller than that. */
const READ = 256 * 1_024;
/** No MP4 needs more reads than this to say what it holds; a file that does is none. */
const MOST_READS = 400;

/** What is in an MP4, as its index tells. */
export interface Mp4Index {
  picture: PictureIndex;
  /** How long its sound is (s); null without one. */
  soundSeconds: number | null;
}

/** The moving picture of an MP4. */
export interface PictureIndex {
  width: number;
  height: number;
  /** Units a second of its times. */
  timeBase: number;
  /** In the order in which they are decoded; times in units, `shownAt` from the first frame that is shown. */
  samples: readonly { decodedAt: number; shownAt: number; isWhole: boolean }[];
  /** How long each is seen; null when that differs. */
  step: number | null;
  /** Of all that a decoder has to know before it begins: two with the same hash can be decoded as one. Null when it is not H.264. */
  decoder: string | null;
  /** Whether an edit list hides a part of it, or shows it later. */
  isEdited: boolean;
  /** Whether no other track comes before it: FFmpeg goes by their order when it puts files behind each other. */
  isFirst: boolean;
  /** Where the last byte of picture lies, from the beginning of the file; a file that ends before is cut off. */
  end: number;
}

/** The index of an MP4; null when the file is none or has no moving picture. Nothing else of it is read. */
export async function readIndex(path: string): Promise<Mp4Index | null> {
  const handle = await open(path, 'r');
  try {
    const movie = await movieOf(handle, (await handle.stat()).size);
    const [track] = movie?.info.videoTracks ?? [];
    const picture = movie && track ? pictureOf(movie.file, track, movie.info.tracks[0]?.id === track.id) : null;
    const [sound] = movie?.info.audioTracks ?? [];
    return picture && { picture, soundSeconds: sound ? secondsOf(sound) : null };
  } finally {
    await handle.close();
  }
}

async function movieOf(handle: FileHandle, size: number): Promise<{ file: ISOFile; info: Movie } | null> {
  const { buffer: head } = await handle.read(Buffer.alloc(12), 0, 12, 0);
  // QuickTime has boxes of its own that are not understood here.
  if (head.toString('latin1', 4, 8) !== 'ftyp' || head.toString('latin1', 8, 12) === 'qt  ') return null;
  const file = createFile();
  // Else it complains to the console, of boxes that nobody needs to know.
  file.onError = () => undefined;
  const found: Movie[] = [];
  file.onReady = (info) => found.push(info);
  let at = 0;
  for (let reads = 0; found.length === 0 && at < size && reads < MOST_READS; reads += 1) {
    const bytes = new ArrayBuffer(Math.min(READ, size - at));
    await handle.read(new Uint8Array(bytes), 0, bytes.byteLength, at);
    // It says itself where the next part of the index lies, and that is rarely where this one ends.
    const next = file.appendBuffer(MP4BoxBuffer.fromArrayBuffer(bytes, at));
    at = next > at ? next : at + bytes.byteLength;
  }
  const [info] = found;
  return info ? { file, info } : null;
}

/** What is heard of a track: its edit list leaves out what an encoder needed before the beginning and after the end. */
function secondsOf({ edits, movie_timescale, duration, timescale }: Track): number {
  const [edit] = edits ?? [];
  return edit ? edit.segment_duration / movie_timescale : duration / timescale;
}

function pictureOf(file: ISOFile, track: Track, isFirst: boolean): PictureIndex | null {
  const rows: Sample[] = file.getTrackSamplesInfo(track.id);
  const [first] = rows;
  if (!first) return null;
  const edits = track.edits ?? [];
  const [edit] = edits;
  const offset = edit ? edit.media_time : Math.min(...rows.map(({ cts }) => cts));
  const seen = edit ? (edit.segment_duration * track.timescale) / track.movie_timescale : Infinity;
  const last = rows.reduce((latest, { cts, duration }) => Math.max(latest, cts + duration - offset), 0);
  const isEdited =
    edits.length > 1 ||
    (edit !== undefined && edit.media_rate_integer !== 1) ||
    offset < 0 ||
    rows.some(({ cts }) => cts < offset) ||
    last - seen >= first.duration;
  return {
    width: track.video?.width ?? track.track_width,
    height: track.video?.height ?? track.track_height,
    timeBase: track.timescale,
    samples: rows.map(({ dts, cts, is_sync }) => ({ decodedAt: dts - offset, shownAt: cts - offset, isWhole: is_sync })),
    step: rows.every(({ duration }) => duration === first.duration) ? first.duration : null,
    decoder: decoderOf(file, track),
    isEdited,
    isFirst,
    end: rows.reduce((end, sample) => Math.max(end, sample.offset + sample.size), 0),
  };
}

/** What is needed here of how an MP4 describes H.264. */
interface DecoderEntry {
  avcC: { SPS: { data: Uint8Array }[]; PPS: { data: Uint8Array }[] };
  pasp?: { hSpacing: number; vSpacing: number };
}

/** The hash of the parameters of the decoder, and of how the picture is turned and stretched. */
function decoderOf(file: ISOFile, track: Track): string | null {
  const entries = file.getTrackById(track.id).mdia.minf.stbl.stsd.entries;
  const [entry] = entries;
  if (entries.length !== 1 || entry?.type !== 'avc1' || !('avcC' in entry)) return null;
  const { avcC, pasp } = entry as unknown as DecoderEntry;
  const hash = createHash('sha256').update(Int32Array.from(track.matrix));
  for (const { data } of [...avcC.SPS, ...avcC.PPS]) hash.update(data);
  return hash.update(`${pasp?.hSpacing ?? 1}:${pasp?.vSpacing ?? 1}`).digest('hex');
}
