import { timeline, type Manifest } from './manifest.js';
import type { Piece } from './pieces.js';

/** The pieces for FFmpeg's concat demuxer, each with its exact length. */
export function concatListOf(pieces: readonly Piece[], files: readonly (string | null)[], rate: number): string {
  const lines = pieces.flatMap((piece, index) => {
    const path = piece.kind === 'copied' ? piece.clip.path : (files[index] ?? '');
    const duration = `duration ${(piece.frames / rate).toFixed(9)}`;
    const quoted = `file '${path.replaceAll("'", "'\\''")}'`;
    if (piece.kind !== 'copied' || piece.until === null) return [quoted, duration];
    // Half a frame before the first packet that is left out: a time that is rounded lets one more through.
    const until = (piece.until / (piece.clip.copy?.timeBase ?? 1) - 0.5 / rate).toFixed(6);
    return [quoted, `outpoint ${until}`, duration];
  });
  return ['ffconcat version 1.0', ...lines, ''].join('\n');
}

/** The chapters for FFmpeg; each ends where the next one begins. */
export function chaptersOf(manifest: Manifest): string {
  const { scenes, frames } = timeline(manifest);
  const starts = manifest.scenes.flatMap(({ chapter }, index) => (chapter ? [{ chapter, from: scenes[index]?.from ?? 0 }] : []));
  const chapters = starts.map(({ chapter, from }, index) => {
    const title = chapter.replace(/\s+/g, ' ').replace(/[=;#\\]/g, (sign) => `\\${sign}`);
    return `[CHAPTER]\nTIMEBASE=1/${manifest.frames_per_second}\nSTART=${from}\nEND=${starts[index + 1]?.from ?? frames}\ntitle=${title}\n`;
  });
  return [';FFMETADATA1\n', ...chapters].join('');
}
