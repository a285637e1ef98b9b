/** What one family of KIE's clip models wants in `input`, and what it makes. */
interface Traits {
  readonly family: RegExp;
  /** Lengths (s), shortest first. */
  readonly seconds: readonly number[];
  /** Longest prompt (characters). */
  readonly prompt: number;
  readonly input: (imageUrl: string, seconds: number) => object;
}

const whole = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** The families, by their model ids (docs.kie.ai, read 2026-11-20). */
const FAMILIES = [
  {
    family: /^kling\/v2-(5-turbo|1)/,
    seconds: [5, 10],
    prompt: 2_500,
    input: (imageUrl, seconds) => ({ image_url: imageUrl, duration: String(seconds) }),
  },
  {
    family: /^kling-2\.6\//,
    seconds: [5, 10],
    prompt: 1_000,
    input: (imageUrl, seconds) => ({ image_urls: [imageUrl], sound: false, duration: String(seconds) }),
  },
  {
    family: /^kling\/v3-turbo/,
    seconds: whole(3, 15),
    prompt: 2_500,
    input: (imageUrl, seconds) => ({ image_urls: [imageUrl], duration: String(seconds), resolution: '1080p' }),
  },
  {
    family: /^kling-3\.0\//,
    seconds: whole(3, 15),
    prompt: 2_500,
    input: (imageUrl, seconds) => ({ image_urls: [imageUrl], sound: false, duration: String(seconds), mode: 'pro', multi_shots: false }),
  },
  {
    family: /^bytedance\/seedance-1\.5/,
    seconds: whole(4, 12),
    prompt: 2_500,
    input: (imageUrl, seconds) => ({
      input_urls: [imageUrl],
      aspect_ratio: '16:9',
      resolution: '720p',
      duration: seconds,
      fixed_lens: false,
      generate_audio: false,
    }),
  },
  {
    family: /^bytedance\/seedance-2/,
    seconds: whole(4, 15),
    prompt: 2_500,
    input: (imageUrl, seconds) => ({
      first_frame_url: imageUrl,
      aspect_ratio: '16:9',
      resolution: '720p',
      duration: seconds,
      generate_audio: false,
      web_search: false,
    }),
  },
  {
    family: /^hailuo\/2-3-image-to-video/,
    seconds: [6, 10],
    prompt: 5_000,
    input: (imageUrl, seconds) => ({ image_url: imageUrl, duration: String(seconds), resolution: '768P' }),
  },
] as const satisfies readonly Traits[];

/** A second of clip without sound (USD, KIE's price list of 2026-06-30): at 1080p where the model makes it, Seedance at 720p. The first is the default. */
export const CLIP_PRICES = {
  'kling/v2-5-turbo-image-to-video-pro': 0.042,
  'kling-2.6/image-to-video': 0.055,
  'kling/v3-turbo-image-to-video': 0.1125,
  'kling-3.0/video': 0.09,
  'bytedance/seedance-1.5-pro': 0.0175,
} as const;

/** What a model wants and makes; one that nobody knows is taken for a newer Kling. */
export function traitsOf(model: string): Traits {
  const families: readonly Traits[] = FAMILIES;
  return families.find(({ family }) => family.test(model)) ?? FAMILIES[1];
}
