import { BLOCK, fromDecibels, toDecibels } from './form.js';
import { lowestAround, meanAround } from './curves.js';
import { RELATIVE_GATE, blocksOf, integrated, loudest, loudnessOf, momentary } from './loudness.js';

/** How loud each voice is made before everything else follows it (LUFS); the whole is brought to its own loudness afterwards. */
const VOICE = -20;
/** How far below the voice effects and music lie (LU), where nobody speaks and where somebody does. Of an effect its loudest 400 ms count, of music the whole. */
const EFFECT = { alone: -6, spoken: -15 };
const MUSIC = { alone: -10, spoken: -17 };
/** Music steps back behind an effect by this (dB). */
const MUSIC_UNDER_EFFECT = -3;
/**
 * While somebody speaks, the rest is at least this much quieter (dB), whatever it is made of. The limiter takes from the voice more than from the rest:
 * hence two more than the ten that a listener wants.
 */
const UNDER_VOICE = -12;
/** What is less below the level of a voice counts as speech (LU): somewhat more than BS.1770's own gate takes for it, so that words' ends are in. */
const SPEECH = RELATIVE_GATE - 3;
/** No source is turned up or down further than this (dB): hiss is not made a voice. */
const FURTHEST = 24;
/** Blocks (100 ms) that the rest takes to step back before a word, and stays back after one: pauses between words are no pauses. */
const BEFORE = 3;
const AFTER = 6;
/** Blocks on either side over which it moves. */
const GLIDE = 2;

/** The three parts of a mix. */
export interface Parts<T> {
  /** What is said: narrations, and the sound of intro and outro. */
  voice: T;
  effects: T;
  music: T;
}
export const PARTS = ['voice', 'effects', 'music'] as const satisfies readonly (keyof Parts<unknown>)[];

/** Where a source lies within its part (samples of a channel). */
export interface Stretch {
  from: number;
  to: number;
}

/** A source, and the factor by which it is brought to its level. */
export interface Level extends Stretch {
  gain: number;
}

/** What is done to the parts of a mix. */
export interface Levels {
  /** In order; outside of them there is silence. */
  sources: Parts<Level[]>;
  /** How far effects and music step back besides, a factor for each block. */
  ducking: Omit<Parts<Float32Array>, 'voice'>;
}

/**
 * How the sources of a mix are brought together: every voice equally loud, effects and music below it, and well below it while it speaks.
 * @param powers of the parts, a block each
 */
export function levelled(powers: Parts<Float64Array>, stretches: Parts<readonly Stretch[]>): Levels {
  const voice = levelsOf(powers.voice, stretches.voice, (own) => VOICE - integrated(own));
  const effects = levelsOf(powers.effects, stretches.effects, (own) => VOICE + EFFECT.alone - loudest(own));
  const music = levelsOf(powers.music, stretches.music, (own) => VOICE + MUSIC.alone - integrated(own));

  const levelPowers = { voice: scaled(powers.voice, voice), effects: scaled(powers.effects, effects), music: scaled(powers.music, music) };
  const spoken = momentary(levelPowers.voice);
  const speech = spoken.map((power) => Number(loudnessOf(power) >= VOICE + SPEECH));
  const loud = momentary(levelPowers.effects).map((power) => Number(loudnessOf(power) >= VOICE + MUSIC.alone));
  const blocks = powers.voice.length;
  const [behindVoice, behindEffect] = [steppedBack(speech, blocks), steppedBack(loud, blocks)];
  const under = {
    effects: behindVoice.map((part) => fromDecibels((EFFECT.spoken - EFFECT.alone) * part)),
    music: behindVoice.map((part, block) =>
      fromDecibels((MUSIC.spoken - MUSIC.alone) * part + MUSIC_UNDER_EFFECT * (behindEffect[block] ?? 0)),
    ),
  };
  const rest = levelPowers.effects.map(
    (power, block) => power * (under.effects[block] ?? 1) ** 2 + (levelPowers.music[block] ?? 0) * (under.music[block] ?? 1) ** 2,
  );
  const limit = underVoice(spoken, speech, rest);
  const limited = (curve: Float32Array) => curve.map((gain, block) => gain * (limit[block] ?? 1));
  return { sources: { voice, effects, music }, ducking: { effects: limited(under.effects), music: limited(under.music) } };
}

/** A gain for each source; 1 for one that is silent. */
function levelsOf(powers: Float64Array, stretches: readonly Stretch[], wanted: (own: Float64Array) => number): Level[] {
  return stretches.map(({ from, to }) => {
    const decibels = wanted(powers.subarray(Math.floor(from / BLOCK), Math.ceil(to / BLOCK)));
    const gain = Number.isFinite(decibels) ? fromDecibels(Math.min(FURTHEST, Math.max(-FURTHEST, decibels))) : 1;
    return { from, to, gain };
  });
}

/** What the powers are when each source has its gain; a block of two sources is the later one's. */
function scaled(powers: Float64Array, levels: readonly Level[]): Float64Array {
  const result = Float64Array.from(powers);
  for (const { from, to, gain } of levels) {
    for (let block = Math.floor(from / BLOCK); block < Math.ceil(to / BLOCK); block += 1) result[block] = (powers[block] ?? 0) * gain ** 2;
  }
  return result;
}

/** 1 where the rest has stepped back, 0 where it need not, and between them on the way. `heard`: 1 for each window in which it has to. */
function steppedBack(heard: Float64Array, blocks: number): Float32Array {
  const clear = new Float32Array(blocks).fill(1);
  heard.forEach((value, window) => {
    if (value) for (const block of blocksOf(window)) clear[block] = 0;
  });
  return meanAround(lowestAround(clear, AFTER + GLIDE, BEFORE + GLIDE), GLIDE).map((value) => 1 - value);
}

/** What is still to be turned down so that in no window in which somebody speaks the rest comes closer than it may. */
function underVoice(spoken: Float64Array, speech: Float64Array, rest: Float64Array): Float32Array {
  const limit = new Float32Array(rest.length).fill(1);
  momentary(rest).forEach((power, window) => {
    if (!speech[window]) return;
    const over = toDecibels(Math.sqrt(power / (spoken[window] ?? 1))) - UNDER_VOICE;
    if (over <= 0) return;
    for (const block of blocksOf(window)) limit[block] = Math.min(limit[block] ?? 1, fromDecibels(-over));
  });
  return meanAround(lowestAround(limit, GLIDE, GLIDE), GLIDE);
}
