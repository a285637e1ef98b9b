import 'reflect-metadata';
import { Type } from 'class-transformer';
import { ArrayMinSize, ArrayUnique, IsArray, IsIn, IsNotEmpty, IsString, Matches, MaxLength, ValidateNested } from 'class-validator';
import { parse, type Parsed, type Problem } from './parse.js';
import { LONGEST_TITLE, chaptersOf, fullDescription, videoTextProblems } from './video-metadata.js';

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

const KEY = /^[a-z0-9]+(_[a-z0-9]+)*$/;
const KEY_RULE = { message: 'key must be lower-case words joined by underscores' };

/** Somebody who appears in the video, and looks the same wherever they do. */
export class StoryboardCharacter {
  /** Short name by which images refer to the character: `old_whale`. */
  @Matches(KEY, KEY_RULE)
  @MaxLength(60)
  key: string;

  /** Species, size, colours and marks, in one sentence; said word for word in every prompt that shows the character. */
  @IsString()
  @IsNotEmpty()
  @MaxLength(400)
  description: string;
}

/** One image to be generated. */
export class StoryboardImage {
  /** Short name by which scenes refer to the image, also its file name: `humpback_whale`. */
  @Matches(KEY, KEY_RULE)
  @MaxLength(60)
  key: string;

  @IsIn(IMAGE_ROLES)
  role: ImageRole;

  /** Pose, place and light; not what its characters look like. */
  @IsString()
  @IsNotEmpty()
  prompt: string;

  /** Keys of the characters that it shows; one where its role is `character`. */
  @IsArray()
  @ArrayUnique()
  @IsString({ each: true })
  characters: string[];
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

  /** What the chapter is called that begins with this scene; empty: the one before goes on. */
  @IsString()
  @MaxLength(60)
  @Matches(/^[^<>\r\n]*$/, { message: 'chapter must be one line without < or >' })
  chapter: string;
}

/** What the whole video is made from; written by the LLM, checked by `storyboardProblems` before anything else is paid for. */
export class Storyboard {
  /** Title, description and tags are held to all that YouTube demands of them by `videoTextProblems`. */
  @IsString()
  @IsNotEmpty()
  @MaxLength(LONGEST_TITLE)
  @Matches(/^[^<>]*$/, { message: 'title must not contain < or >' })
  title: string;

  @IsString()
  @Matches(/^[^<>]*$/, { message: 'description must not contain < or >' })
  description: string;

  @IsArray()
  @ArrayUnique()
  @IsString({ each: true })
  tags: string[];

  /** What is known of the subject and carries the narration; for the reviewer to check. */
  @IsArray()
  @IsString({ each: true })
  research: string[];

  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => StoryboardCharacter)
  characters: StoryboardCharacter[];

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

/** What a storyboard is held to besides its own rules. */
export interface StoryboardDemands {
  /** How many scenes it must have; left out, any number will do. */
  readonly scenes?: number;
  /** The creator's own text: the narrations, one after another, must be it and nothing else. */
  readonly script?: string;
  /** What the channel adds to every description; it has to fit, too. */
  readonly credits?: string;
}

/** A storyboard from outside (the LLM, a file), or every problem that it has. */
export function parseStoryboard(data: unknown, { scenes, script, credits }: StoryboardDemands = {}): Parsed<Storyboard> {
  const parsed = parse(Storyboard, data);
  if (!parsed.ok) return parsed;
  const { value } = parsed;
  const problems = [
    ...repeatedKeys('characters', value.characters),
    ...repeatedKeys('images', value.images),
    ...unknownCharacters(value),
    ...danglingImages(value),
    ...unspeakable(value),
    ...videoTextProblems({ title: value.title, tags: value.tags, description: expectedDescription(value, credits) }),
    ...(script === undefined ? [] : departures(value, script)),
  ];
  const count = value.scenes.length;
  if (scenes !== undefined && count !== scenes) problems.push({ field: 'scenes', message: `there must be ${scenes} scenes, not ${count}` });
  return problems.length === 0 ? parsed : { ok: false, problems };
}

/** The description that will be published, its chapters where the narrations are expected to put them. */
function expectedDescription({ description, scenes }: Storyboard, credits?: string): string {
  const durations = scenes.map(({ narration }) => narrationSeconds(narration) * 1_000);
  return fullDescription(description, chaptersOf(scenes, durations), credits);
}

/** Where the narrations are not the creator's text, word for word. */
function departures({ scenes }: Storyboard, script: string): Problem[] {
  const wanted = wordsOf(script);
  const said = wordsOf(scenes.map(({ narration }) => narration).join(' '));
  const at = wanted.findIndex((word, index) => word !== said[index]);
  if (at < 0 && said.length === wanted.length) return [];
  const place = at < 0 ? 'it goes on after its end' : `it differs at "${wanted.slice(Math.max(0, at - 2), at + 4).join(' ')}"`;
  return [{ field: 'scenes', message: `the narrations together must be the given script, word for word; ${place}` }];
}

const wordsOf = (text: string) => text.split(/\s+/).filter(Boolean);

/** What cannot be said while the longest clip lasts: its last frame would stand still. */
function unspeakable({ scenes }: Storyboard): Problem[] {
  return scenes.flatMap(({ narration }, index) => {
    const seconds = narrationSeconds(narration);
    if (seconds <= LONGEST_NARRATION_SECONDS) return [];
    const message = `narration takes about ${Math.round(seconds)} s to say, at most ${LONGEST_NARRATION_SECONDS} are allowed; shorten it`;
    return [{ field: `scenes.${index}.narration`, message }];
  });
}

function repeatedKeys(field: string, named: readonly { key: string }[]): Problem[] {
  const keys = named.map(({ key }) => key);
  return keys.flatMap((key, index) =>
    keys.indexOf(key) < index ? [{ field: `${field}.${index}.key`, message: `"${key}" is used twice in ${field}` }] : [],
  );
}

/** Images of nobody known, portraits that do not show exactly one, and characters without a portrait to look like. */
function unknownCharacters({ characters, images }: Storyboard): Problem[] {
  const known = new Set(characters.map(({ key }) => key));
  const wrong = images.flatMap((image, index): Problem[] => {
    const field = `images.${index}.characters`;
    const unknown = image.characters.filter((key) => !known.has(key));
    if (unknown.length > 0) return unknown.map((key) => ({ field, message: `"${key}" is no character of this storyboard` }));
    if (image.role !== 'character' || image.characters.length === 1) return [];
    return [{ field, message: `an image with the role character shows exactly one, not ${image.characters.length}` }];
  });
  const unseen = characters.flatMap(({ key }, index) =>
    images.some((image) => image.role === 'character' && image.characters.includes(key))
      ? []
      : [{ field: `characters.${index}`, message: `"${key}" needs an image with the role character` }],
  );
  return [...wrong, ...unseen];
}

/** Scenes that name images that do not exist, or too many of them. */
function danglingImages({ images, scenes }: Storyboard): Problem[] {
  const known = new Set(images.map(({ key }) => key));
  return scenes.flatMap((scene, index) => {
    const field = `scenes.${index}.images`;
    const unknown = scene.images
      .filter((key) => !known.has(key))
      .map((key) => ({ field, message: `"${key}" is no image of this storyboard` }));
    const wanted = LAYOUTS[scene.layout];
    if (scene.images.length === wanted) return unknown;
    return [...unknown, { field, message: `layout ${scene.layout} takes ${wanted} image(s), not ${scene.images.length}` }];
  });
}

/** The image that shows what a character looks like: the first of it alone. */
function portraitOf({ images }: Storyboard, character: string): StoryboardImage | undefined {
  return images.find(({ role, characters }) => role === 'character' && characters.includes(character));
}

/** Keys of the images that another has to look like: the portraits of its characters. */
export function referencesOf(storyboard: Storyboard, image: StoryboardImage): string[] {
  const portraits = image.characters.map((character) => portraitOf(storyboard, character)?.key);
  return portraits.filter((key): key is string => key !== undefined && key !== image.key);
}

/** What an image model is told: who is seen, in the same words everywhere, then the picture, then how the channel looks. */
export function imagePrompt(storyboard: Storyboard, image: StoryboardImage, look: { style: string; atmosphere: string }): string {
  // What stands alone on a plain ground is cut out later; weather and mood would only spoil the ground.
  const mood = image.role === 'environment' ? [`Atmosphere: ${look.atmosphere}`] : [];
  return sentences([...descriptions(storyboard, image.characters), image.prompt, `Style: ${look.style}`, ...mood]);
}

/** What a clip model is told: the motion, and who moves, in the same words as everywhere. */
export function motionPrompt(storyboard: Storyboard, scene: StoryboardScene): string {
  const shown = storyboard.images.filter(({ key }) => scene.images.includes(key)).flatMap(({ characters }) => characters);
  return sentences([scene.motion, ...descriptions(storyboard, [...new Set(shown)])]);
}

function descriptions({ characters }: Storyboard, keys: readonly string[]): string[] {
  return characters.filter(({ key }) => keys.includes(key)).map(({ description }) => description);
}

function sentences(parts: readonly string[]): string {
  return parts.map((part) => (/[.!?]$/.test(part.trim()) ? part.trim() : `${part.trim()}.`)).join(' ');
}

/** The same shape as a JSON Schema, for LLMs that answer in structured JSON. */
export const STORYBOARD_JSON_SCHEMA = {
  type: 'object',
  required: ['research', 'title', 'description', 'tags', 'characters', 'images', 'scenes'],
  properties: {
    // Written first, so that the story rests on it.
    research: { type: 'array', items: { type: 'string' } },
    title: { type: 'string', maxLength: LONGEST_TITLE },
    description: { type: 'string' },
    tags: { type: 'array', items: { type: 'string' } },
    characters: {
      type: 'array',
      items: {
        type: 'object',
        required: ['key', 'description'],
        properties: {
          key: { type: 'string', pattern: KEY.source, maxLength: 60 },
          description: { type: 'string', maxLength: 400 },
        },
      },
    },
    images: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['key', 'role', 'prompt', 'characters'],
        properties: {
          key: { type: 'string', pattern: KEY.source, maxLength: 60 },
          role: { type: 'string', enum: [...IMAGE_ROLES] },
          prompt: { type: 'string' },
          characters: { type: 'array', items: { type: 'string' } },
        },
      },
    },
    scenes: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['narration', 'layout', 'images', 'motion', 'effect', 'chapter'],
        properties: {
          narration: { type: 'string' },
          layout: { type: 'string', enum: Object.keys(LAYOUTS) },
          images: { type: 'array', minItems: 1, maxItems: 2, items: { type: 'string' } },
          motion: { type: 'string' },
          effect: { type: 'string' },
          chapter: { type: 'string', maxLength: 60 },
        },
      },
    },
  },
} as const;

/** Longest narration that a creator may bring (characters): sixty scenes hold no more. */
export const LONGEST_OWN_SCRIPT = 12_000;

/** How much longer than its clip a scene may be: the cut holds the last frame that long, and the next longer clip would cost twice as much. */
const STRETCH = 1.2;

/** What is said while the longest clip of the usual model, 10 s, is seen (s). */
const LONGEST_NARRATION_SECONDS = 10 * STRETCH;

/** Words that a narrator says in a second; what the writing instructions ask for, too. */
const WORDS_PER_SECOND = 2.3;

/** The shortest of the lengths that a model offers (s) in which a narration fits; the longest where none does. */
export function clipLength(narration: string, offered: readonly number[]): number {
  const seconds = narrationSeconds(narration);
  return offered.find((length) => length * STRETCH >= seconds) ?? offered.at(-1) ?? 0;
}

/** Something that takes about that long to say (s), and is about as long as what does. */
export function textOfSeconds(seconds: number): string {
  return Array.from({ length: Math.max(1, Math.round(seconds * WORDS_PER_SECOND)) }, () => 'word').join(' ');
}

/** About how long a narration will be (s), before it is spoken. */
export function narrationSeconds(narration: string): number {
  return narration.trim().split(/\s+/).length / WORDS_PER_SECOND;
}
