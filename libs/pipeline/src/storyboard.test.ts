import { describe, expect, it } from '@jest/globals';
import {
  IMAGE_FOLDERS,
  IMAGE_ROLES,
  LAYOUTS,
  STORYBOARD_JSON_SCHEMA,
  clipLength,
  imagePrompt,
  motionPrompt,
  narrationSeconds,
  parseStoryboard,
  referencesOf,
} from '#pipeline';

const character = { key: 'old_whale', description: 'A humpback whale with a scar over the left eye' };
const whale = { key: 'whale', role: 'character', prompt: 'Seen from the side.', characters: ['old_whale'] };
const reef = { key: 'reef', role: 'environment', prompt: 'A reef at dawn.', characters: [] };
const scene = {
  narration: 'A whale sings.',
  layout: 'character_over_environment',
  images: ['reef', 'whale'],
  motion: 'slow drift',
  effect: 'deep hum',
  chapter: '',
};

function storyboard(changes: object = {}): object {
  return {
    title: 'The Whale',
    description: 'It sings.',
    tags: ['sea'],
    research: ['Whales sing.'],
    characters: [character],
    images: [whale, reef],
    scenes: [scene],
    ...changes,
  };
}

/** The fields that are wrong with a storyboard. */
function wrongFields(data: unknown): string[] {
  const parsed = parseStoryboard(data);
  return parsed.ok ? [] : parsed.problems.map(({ field }) => field);
}

describe('parseStoryboard', () => {
  it('takes a good one and drops what is not in the contract', () => {
    const parsed = parseStoryboard(storyboard({ mood: 'blue', scenes: [{ ...scene, camera: 'drone' }] }));
    expect(parsed).toEqual({ ok: true, value: storyboard() });
  });

  it('holds it to the number of scenes that was asked for, and to what can be said in one', () => {
    const long = { ...scene, narration: Array.from({ length: 40 }, () => 'word').join(' ') };
    expect(parseStoryboard(storyboard(), { scenes: 1 }).ok).toBe(true);
    expect(parseStoryboard(storyboard({ scenes: [scene, long] }), { scenes: 3 })).toMatchObject({
      ok: false,
      problems: [
        { field: 'scenes.1.narration', message: expect.stringContaining('17 s') as unknown },
        { field: 'scenes', message: 'there must be 3 scenes, not 2' },
      ],
    });
  });

  it('names every wrong field at once, by its path', () => {
    const wrong = storyboard({
      title: 'a <b> title',
      tags: ['sea', 'sea'],
      images: [
        { ...whale, key: 'Humpback Whale' },
        { ...reef, role: 'background' },
      ],
      scenes: [{ ...scene, narration: '', layout: 'collage' }],
    });
    expect(wrongFields(wrong).sort()).toEqual(['images.0.key', 'images.1.role', 'scenes.0.layout', 'scenes.0.narration', 'tags', 'title']);
  });

  it('refuses scenes without their images, images of the wrong number and keys that are used twice', () => {
    expect(wrongFields(storyboard({ scenes: [scene, { ...scene, images: ['reef', 'shark'] }] }))).toEqual(['scenes.1.images']);
    expect(wrongFields(storyboard({ scenes: [{ ...scene, layout: 'full_frame' }] }))).toEqual(['scenes.0.images']);
    expect(wrongFields(storyboard({ images: [whale, reef, whale] }))).toEqual(['images.2.key']);
  });

  it.each([null, undefined, 'text', [], 7, {}, { scenes: 'none', images: [3] }])('refuses %j without throwing', (data) => {
    expect(parseStoryboard(data).ok).toBe(false);
  });

  it('keeps to what YouTube takes as a title', () => {
    expect(wrongFields(storyboard({ title: 'x'.repeat(100) }))).toEqual([]);
    expect(wrongFields(storyboard({ title: 'x'.repeat(101) }))).toEqual(['title']);
    expect(wrongFields(storyboard({ description: '<script>' }))).toEqual(['description']);
  });
});

describe('the characters of a storyboard', () => {
  const calf = { key: 'calf', description: 'A light grey calf' };

  it('are known, seen alone at least once, and not two of a name', () => {
    expect(wrongFields(storyboard({ images: [{ ...whale, characters: ['shark'] }, reef] }))).toEqual([
      'images.0.characters',
      'characters.0',
    ]);
    expect(wrongFields(storyboard({ images: [{ ...whale, characters: [] }, reef] }))).toEqual(['images.0.characters', 'characters.0']);
    expect(wrongFields(storyboard({ characters: [character, calf] }))).toEqual(['characters.1']);
    expect(wrongFields(storyboard({ characters: [character, character] }))).toEqual(['characters.1.key']);
  });

  it('are said in the same words in every prompt that shows them, and shown by their first portrait', () => {
    const turned = { ...whale, key: 'whale_turned', prompt: 'Looking back.' };
    const far = { ...reef, key: 'far', characters: ['old_whale'] };
    const parsed = parseStoryboard(
      storyboard({
        images: [far, whale, turned],
        scenes: [
          { ...scene, images: ['far', 'whale_turned'] },
          { ...scene, images: ['far', 'whale'] },
        ],
      }),
    );
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    const { value } = parsed;
    const look = { style: 'film grain', atmosphere: 'calm' };
    const prompts = value.images.map((image) => imagePrompt(value, image, look));
    const motions = value.scenes.map((each) => motionPrompt(value, each));
    expect([...prompts, ...motions].filter((prompt) => !prompt.includes(`${character.description}.`))).toEqual([]);
    expect(prompts[0]).toBe(`${character.description}. A reef at dawn. Style: film grain. Atmosphere: calm.`);
    expect(prompts[1]).toBe(`${character.description}. Seen from the side. Style: film grain.`);
    expect(value.images.map((image) => referencesOf(value, image))).toEqual([['whale'], [], ['whale']]);
  });
});

describe("a creator's own script", () => {
  const two = [scene, { ...scene, narration: 'Nobody answers it.' }];

  it.each([
    ['A whale sings. Nobody answers it.', []],
    ['A whale  sings.\nNobody answers it.\n', []],
    ['A whale sings. Somebody answers it.', [expect.stringContaining('it differs at "whale sings. Somebody answers')]],
    ['A whale sings.', [expect.stringContaining('it goes on after its end')]],
    ['A whale sings. Nobody answers it. The end.', [expect.stringContaining('it differs at')]],
  ])('is kept word for word: %j', (script, messages) => {
    const parsed = parseStoryboard(storyboard({ scenes: two }), { script });
    expect(parsed.ok ? [] : parsed.problems.map(({ message }) => message)).toEqual(messages);
  });
});

describe('clipLength', () => {
  it.each([
    [13, [5, 10], 5],
    [14, [5, 10], 10],
    [40, [5, 10], 10],
    [16, [4, 5, 6, 7, 8], 6],
    [4, [6, 10], 6],
  ])('of a narration of %d words is the shortest of %j in which it fits: %d', (words, offered, length) => {
    expect(clipLength(Array.from({ length: words }, () => 'word').join(' '), offered)).toBe(length);
  });
});

describe('STORYBOARD_JSON_SCHEMA and the class', () => {
  const { characters, images, scenes } = STORYBOARD_JSON_SCHEMA.properties;
  const parts = [
    { what: 'storyboard', schema: STORYBOARD_JSON_SCHEMA, sample: storyboard(), put: (part: object) => part, at: '' },
    {
      what: 'character',
      schema: characters.items,
      sample: character,
      put: (part: object) => storyboard({ characters: [part] }),
      at: 'characters.0.',
    },
    { what: 'image', schema: images.items, sample: whale, put: (part: object) => storyboard({ images: [part, reef] }), at: 'images.0.' },
    { what: 'scene', schema: scenes.items, sample: scene, put: (part: object) => storyboard({ scenes: [part] }), at: 'scenes.0.' },
  ];

  it.each(parts)('have the same fields in a $what, all of them required', ({ schema, sample, put, at }) => {
    expect(Object.keys(schema.properties).sort()).toEqual(Object.keys(sample).sort());
    expect([...schema.required].sort()).toEqual(Object.keys(sample).sort());
    for (const field of schema.required) {
      const { [field]: left, ...rest } = sample as Record<string, unknown>;
      expect(wrongFields(put(rest))).toContain(at + field);
    }
  });

  it('allow the same words', () => {
    expect(
      images.items.properties.role.enum.filter(
        (role) => wrongFields(storyboard({ images: [whale, { ...reef, role, characters: ['old_whale'] }] })).length > 0,
      ),
    ).toEqual([]);
    expect(images.items.properties.role.enum).toEqual(IMAGE_ROLES);
    expect(scenes.items.properties.layout.enum).toEqual(Object.keys(LAYOUTS));
    expect(scenes.items.properties.images.maxItems).toBe(Math.max(...Object.values(LAYOUTS)));
  });

  it.each(['whale', 'humpback_whale', 'whale_2', 'Whale', '_whale', 'whale_', 'wale__2', 'blue whale', '../whale', ''])(
    'agree on the key "%s"',
    (key) => {
      const accepted =
        wrongFields(storyboard({ images: [{ ...whale, key }, reef], scenes: [{ ...scene, images: ['reef', key] }] })).length === 0;
      expect(new RegExp(images.items.properties.key.pattern).test(key)).toBe(accepted);
    },
  );
});

describe('IMAGE_FOLDERS', () => {
  it('gives every role a folder of its own', () => {
    expect(new Set(IMAGE_ROLES.map((role) => IMAGE_FOLDERS[role])).size).toBe(IMAGE_ROLES.length);
  });
});

describe('narrationSeconds', () => {
  it('counts words, not spaces', () => {
    const words = Array.from({ length: 23 }, () => 'word');
    expect(narrationSeconds(words.join(' '))).toBeCloseTo(10);
    expect(narrationSeconds(`  ${words.join('\n  ')}  `)).toBeCloseTo(10);
  });
});
