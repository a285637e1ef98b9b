/** How the benchmark is run. */
export interface BenchOptions {
  /** Smaller, for a look. */
  readonly quick: boolean;
  readonly seed: number;
  /** Seconds of the model in one of the machine's; null: as each scenario chooses. */
  readonly scale: number | null;
  /** Of the makespan; null: the sizes that its goals are stated for. */
  readonly size: { readonly videos: number; readonly channels: number } | null;
  /** Settings of the product that this run wants otherwise. */
  readonly settings: Readonly<Record<string, string>>;
  /** Leave database, files and logs where they are. */
  readonly keep: boolean;
}

/** Says on the way what is being done. */
export function said(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** How long a second of the model lasts (ms) at a scale. */
export const secondMsAt = (scale: number) => 1_000 / scale;
