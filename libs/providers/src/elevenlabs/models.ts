/** What a speech model takes. */
interface Traits {
  /** Longest text of a request (characters). */
  readonly longest: number;
  /** Whether it may be told what is said before and after; the others refuse the whole request. */
  readonly context: boolean;
  /** Whether it may be told the language; the others refuse the whole request or hear it from the text. */
  readonly languageCode: boolean;
}

/** By model id (ElevenLabs' docs and SDK, read 2026-11-20). What is not known of a model is not sent. */
const SPEECH_MODELS: readonly [family: RegExp, traits: Traits][] = [
  [/^eleven_v3/, { longest: 5_000, context: false, languageCode: true }],
  [/^eleven_v4/, { longest: 10_000, context: false, languageCode: true }],
  [/^eleven_multilingual_v2/, { longest: 10_000, context: true, languageCode: false }],
  [/^eleven_(flash|turbo)_v2_5/, { longest: 40_000, context: true, languageCode: true }],
];

const UNKNOWN: Traits = { longest: 5_000, context: false, languageCode: false };

/** What a speech model takes. */
export function traitsOf(model: string): Traits {
  return SPEECH_MODELS.find(([family]) => family.test(model))?.[1] ?? UNKNOWN;
}
