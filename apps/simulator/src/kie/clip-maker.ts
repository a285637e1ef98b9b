import { ffmpeg } from '#media';

/** Renderings at once: clips are asked for in handfuls, and more would only slow each other down. */
const AT_ONCE = 2;

/** Ways in which a model can fail that calls its clip a success; a part of FFmpeg's filters each. */
export const SLIPS: Readonly<Record<string, string>> = {
  black: ',drawbox=color=black:thickness=fill',
  frozen: ',trim=end_frame=1,loop=loop=-1:size=1,setpts=N/24/TB',
};

/** Makes moving pictures from still ones. */
export class ClipMaker {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  /** A 1080p clip at 24 frames a second of exactly that length: a slow move over the picture, in a direction that follows from `turn`, or a slip. */
  async make(picture: string, out: string, seconds: number, turn: number, slip = ''): Promise<void> {
    await this.turn();
    try {
      const frames = seconds * 24;
      const way = `(n/${frames})`;
      const [x, y] = [
        [`(iw-ow)*${way}`, `(ih-oh)/2`],
        [`(iw-ow)*(1-${way})`, `(ih-oh)/2`],
        [`(iw-ow)/2`, `(ih-oh)*${way}`],
        [`(iw-ow)/2`, `(ih-oh)*(1-${way})`],
      ][turn % 4] as [string, string];
      // Scaled once, then only cropped: zooming would scale every frame anew.
      const move = `scale=2112:1188,loop=loop=${frames}:size=1,crop=1920:1080:x='${x}':y='${y}',fps=24${SLIPS[slip] ?? ''},format=yuv420p`;
      await ffmpeg([
        ...['-r', '24', '-i', picture, '-vf', move, '-frames:v', String(frames)],
        ...['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '23', '-an', '-movflags', '+faststart', '-f', 'mp4', out],
      ]);
    } finally {
      this.running -= 1;
      this.waiting.shift()?.();
    }
  }

  private async turn(): Promise<void> {
    if (this.running >= AT_ONCE) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.running += 1;
  }
}
