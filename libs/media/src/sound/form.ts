/** The one form of all sound while it is mixed: 32-bit floats of two channels, left and right in turn. */
export const SAMPLE_RATE = 48_000;
export const CHANNELS = 2;
/** Bytes of one moment of both channels. */
export const MOMENT_BYTES = CHANNELS * Float32Array.BYTES_PER_ELEMENT;

/** Samples (of each channel) of the blocks in which loudness is measured and followed: 100 ms. */
export const BLOCK = SAMPLE_RATE / 10;

export const fromDecibels = (decibels: number) => 10 ** (decibels / 20);
export const toDecibels = (factor: number) => 20 * Math.log10(factor);
