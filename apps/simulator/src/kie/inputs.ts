/** What a family of models demands in `input`: where the picture is, how long clips are and how that is written, how long a prompt may be. */
interface Demands {
  family: RegExp;
  picture: 'image_url' | 'image_urls' | 'input_urls' | 'first_frame_url';
  durations: readonly number[];
  durationIs: 'string' | 'number';
  prompt: number;
  required?: readonly string[];
}

const whole = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** By KIE's docs (read 2026-11-20); written apart from our client, so that it can be held against it. */
const MODELS: readonly Demands[] = [
  { family: /^kling\/v2-(5-turbo|1)/, picture: 'image_url', durations: [5, 10], durationIs: 'string', prompt: 2_500 },
  {
    family: /^kling-2\.6\/image-to-video$/,
    picture: 'image_urls',
    durations: [5, 10],
    durationIs: 'string',
    prompt: 1_000,
    required: ['sound'],
  },
  {
    family: /^kling\/v3-turbo/,
    picture: 'image_urls',
    durations: whole(3, 15),
    durationIs: 'string',
    prompt: 2_500,
    required: ['resolution'],
  },
  { family: /^kling-3\.0\/video$/, picture: 'image_urls', durations: whole(3, 15), durationIs: 'string', prompt: 2_500 },
  { family: /^bytedance\/seedance-1\.5/, picture: 'input_urls', durations: whole(4, 12), durationIs: 'number', prompt: 2_500 },
  { family: /^bytedance\/seedance-2/, picture: 'first_frame_url', durations: whole(4, 15), durationIs: 'number', prompt: 2_500 },
  { family: /^hailuo\/2-3-image-to-video/, picture: 'image_url', durations: [6, 10], durationIs: 'string', prompt: 5_000 },
];

/** What is wrong with a model's input, or what it asks for. */
export function inputProblem(model: string, input: object): string | { picture: string; seconds: number } {
  const demands = MODELS.find(({ family }) => family.test(model));
  if (!demands) return `The model ${model} is not supported`;
  const fields = input as Record<string, unknown>;
  const { prompt, duration } = fields;
  if (typeof prompt !== 'string' || prompt === '') return 'prompt is required';
  if (prompt.length > demands.prompt) return `prompt must be at most ${demands.prompt} characters`;
  const missing = demands.required?.find((field) => fields[field] === undefined);
  if (missing) return `${missing} is required`;
  const given = fields[demands.picture];
  const picture: unknown = Array.isArray(given) ? given[0] : given;
  if (Array.isArray(given) !== demands.picture.endsWith('urls') || typeof picture !== 'string' || !/^https?:\/\//.test(picture))
    return `${demands.picture} must be ${demands.picture.endsWith('urls') ? 'a list of public URLs' : 'a public URL'}`;
  const known = demands.durations.find((seconds) => (demands.durationIs === 'string' ? String(seconds) : seconds) === duration);
  if (known === undefined) return `duration must be a ${demands.durationIs}, one of ${demands.durations.join(', ')}`;
  return { picture, seconds: known };
}
