/** What one family of KIE's clip models wants in `input`, and what it makes. */
interface Traits {
  readonly family: RegExp;
  /** A model of the family. */
  readonly example: string;
  /** Lengths (s), shortest first. */
  readonly seconds: readonly number[];
  /** Longest prompt (characters). */
  readonly prompt: number;
  readonly input: (imageUrl: string, seconds: number) => object;
}

const whole = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** The families, by their model ids (docs.kie.ai, read 2026-11-20). The first model is the default. */
export const CLIP_MODELS = [
  {
    family: /^kling\/v2-(5-turbo|1)/,
    example: 'kling/v2-5-turbo-image-to-video-pro',
    seconds: [5, 10],
    prompt: 2_500,
    input: (imageUrl, seconds) => ({ image_url: imageUrl, duration: String(seconds) }),
  },
  {
    family: /^kling-2\.6\//,
    example: 'kling-2.6/image-to-video',
    seconds: [5, 10],
    prompt: 1_000,
    input: (imageUrl, seconds) => ({ image_urls: [imageUrl], sound: false, duration: String(seconds) }),
  },
  {
    family: /^kling\/v3-turbo/,
    example: 'kling/v3-turbo-image-to-video',
    seconds: whole(3, 15),
    prompt: 2_500,
    input: (imageUrl, seconds) => ({ image_urls: [imageUrl], duration: String(seconds), resolution: '1080p' }),
  },
  {
    family: /^kling-3\.0\//,
    example: 'kling-3.0/video',
    seconds: whole(3, 15),
    prompt: 2_500,
    input: (imageUrl, seconds) => ({ image_urls: [imageUrl], sound: false, duration: String(seconds), mode: 'pro', multi_shots: false }),
  },
  {
    family: /^bytedance\/seedance-1\.5/,
    example: 'bytedance/seedance-1.5-pro',
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
    example: 'bytedance/seedance-2',
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
    example: 'hailuo/2-3-image-to-video-standard',
    seconds: [6, 10],
    prompt: 5_000,
    input: (imageUrl, seconds) => ({ image_url: imageUrl, duration: String(seconds), resolution: '768P' }),
  },
] as const satisfies readonly Traits[];

/** What a model wants and makes; one that nobody knows is taken for a newer Kling. */
export function traitsOf(model: string): Traits {
  const families: readonly Traits[] = CLIP_MODELS;
  return families.find(({ family }) => family.test(model)) ?? CLIP_MODELS[1];
}
