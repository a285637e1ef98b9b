import 'reflect-metadata';
import { Type } from 'class-transformer';
import { ArrayMinSize, ArrayUnique, IsArray, IsIn, IsNotEmpty, IsString, Matches, MaxLength, ValidateNested } from 'class-validator';
import { parse, type Parsed, type Problem } from './parse.js';

export const IMAGE_ROLES = ['character', 'environment', 'prop'] as const;
export type ImageRole = (typeof IMAGE_ROLES)[number];

/** How a scene's composite is laid out, and how many images it takes. */
export const LAYOUTS = { full_frame: 1, character_over_environment: 2, split_screen: 2 } as const;
export type Layout = keyof typeof LAYOUTS;

/** The folder of an image inside a task's workspace. */
export const IMAGE_FOLDERS = { character: 'characters', environment: 'environments', prop: 'props' } as const satisfies Record<
  ImageRole,
  string
>;

/** One image to be generated. */
export class StoryboardImage {
  /** Short name by which scenes refer to the image, also its file name: `humpback_whale`. */
  @Matches(/^[a-z0-9]+(_[a-z0-9]+)*$/, { message: 'key must be lower-case words joined by underscores' })
  @MaxLength(60)
  key: string;

  @IsIn(IMAGE_ROLES)
  role: ImageRole;

  @IsString()
  @IsNotEmpty()
  prompt: string;
}

/** One scene: what is seen, said and heard. */
export class StoryboardScene {
  /** What the narrator says. */
  @IsString()
  @Matches(/\S/, { message: 'narration must not be empty' })
  narration: string;

  @IsIn(Object.keys(LAYOUTS))
  layout: Layout;

  /** Keys of the images in the composite: the picture; environment then character; or left then right. */
  @IsArray()
  @ArrayMinSize(1)
  @IsString({ each: true })
  images: string[];

  /** How the picture moves. */
  @IsString()
  @IsNotEmpty()
  motion: string;

  /** What is heard besides the voice. */
  @IsString()
  @IsNotEmpty()
  effect: string;
}

/** What the whole video is made from; written by the LLM, checked by `storyboardProblems` before anything else is paid for. */
export class Storyboard {
  /** At most 100 characters, no angle brackets: YouTube's rule. */
  @IsString()
  @IsNotEmpty()
  @MaxLength(100)
  @Matches(/^[^<>]*$/, { message: 'title must not contain < or >' })
  title: string;

  @IsString()
  @Matches(/^[^<>]*$/, { message: 'description must not contain < or >' })
  description: string;

  @IsArray()
  @ArrayUnique()
  @IsString({ each: true })
  tags: string[];

  @IsArray()
  @ArrayMinSize(1)
  @ValidateNested({ each: true })
  @Type(() => StoryboardImage)
  images: StoryboardImage[];

  @IsArray()
  @ArrayMinSize(1)
  @ValidateNested({ each: true })
  @Type(() => StoryboardScene)
  scenes: StoryboardScene[];
}

/**
 * A storyboard from outside (the LLM, a file), or every problem that it has.
 * @param scenes how many it must have; left out, any number will do
 */
export function parseStoryboard(data: unknown, scenes?: number): Parsed<Storyboard> {
  const parsed = parse(Storyboard, data);
  if (!parsed.ok) return parsed;
  const problems = [...danglingReferences(parsed.value), ...unspeakable(parsed.value)];
  const count = parsed.value.scenes.length;
  if (scenes !== undefined && count !== scenes) problems.push({ field: 'scenes', message: `there must be ${scenes} scenes, not ${count}` });
  return problems.length === 0 ? parsed : { ok: false, problems };
}

/** What cannot be said while the longest clip lasts: its last frame would stand still. */
function unspeakable({ scenes }: Storyboard): Problem[] {
  return scenes.flatMap(({ narration }, index) => {
    const seconds = narrationSeconds(narration);
    if (seconds <= LONGEST_NARRATION_SECONDS) return [];
    const message = `narration takes about ${Math.round(seconds)} s to say, at most ${LONGEST_NARRATION_SECONDS} are allowed; shorten it`;
    return [{ field: `scenes.${index}.narration`, message }];
  });
}

/** What one field cannot see: keys that are used twice, scenes that name images that do not exist or too many of them. */
function danglingReferences({ images, scenes }: Storyboard): Problem[] {
  const keys = images.map((image) => image.key);
  const known = new Set(keys);
  const repeated = keys.flatMap((key, index) =>
    keys.indexOf(key) < index ? [{ field: `images.${index}.key`, message: `"${key}" is used by an earlier image` }] : [],
  );
  const wrong = scenes.flatMap((scene, index) => {
    const field = `scenes.${index}.images`;
    const unknown = scene.images
      .filter((key) => !known.has(key))
      .map((key) => ({ field, message: `"${key}" is no image of this storyboard` }));
    const wanted = LAYOUTS[scene.layout];
    const count =
      scene.images.length === wanted
        ? []
        : [{ field, message: `layout ${scene.layout} takes ${wanted} image(s), not ${scene.images.length}` }];
    return [...unknown, ...count];
  });
  return [...repeated, ...wrong];
}

/** The same shape as a JSON Schema, for LLMs that answer in structured JSON. */
export const STORYBOARD_JSON_SCHEMA = {
  type: 'object',
  required: ['title', 'description', 'tags', 'images', 'scenes'],
  properties: {
    title: { type: 'string', maxLength: 100 },
    description: { type: 'string' },
    tags: { type: 'array', items: { type: 'string' } },
    images: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['key', 'role', 'prompt'],
        properties: {
          key: { type: 'string', pattern: '^[a-z0-9]+(_[a-z0-9]+)*$', maxLength: 60 },
          role: { type: 'string', enum: [...IMAGE_ROLES] },
          prompt: { type: 'string' },
        },
      },
    },
    scenes: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['narration', 'layout', 'images', 'motion', 'effect'],
        properties: {
          narration: { type: 'string' },
          layout: { type: 'string', enum: Object.keys(LAYOUTS) },
          images: { type: 'array', minItems: 1, maxItems: 2, items: { type: 'string' } },
          motion: { type: 'string' },
          effect: { type: 'string' },
        },
      },
    },
  },
} as const;

/** The longest clip is 10 s; a little more is held on its last frame (s). */
const LONGEST_NARRATION_SECONDS = 12;

/** Words that a narrator says in a second; what the writing instructions ask for, too. */
const WORDS_PER_SECOND = 2.3;

/** About how long a narration will be (s), before it is spoken. */
export function narrationSeconds(narration: string): number {
  return narration.trim().split(/\s+/).length / WORDS_PER_SECOND;
}
