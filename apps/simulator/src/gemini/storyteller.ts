import { createHash } from 'node:crypto';
import type { Layout, Storyboard } from '#pipeline';

interface Beat {
  narration: (subject: string, place: string) => string;
  layout: Layout;
  motion: string;
  effect: string;
}

/** The course of a small nature documentary; longer ones go round the middle again. */
const OPENING: Beat = {
  narration: (subject, place) => `Before anyone wakes, ${place} belongs to ${subject} alone.`,
  layout: 'full_frame',
  motion: 'slow push in over the landscape',
  effect: 'soft wind and distant waves',
};
const MIDDLE: Beat[] = [
  {
    narration: (subject) => `Here lives ${subject}, patient, watchful, and older than it looks.`,
    layout: 'character_over_environment',
    motion: 'gentle drift to the right around the subject',
    effect: 'low hum and slow breathing',
  },
  {
    narration: (subject, place) => `Every path through ${place} was learned long before ${subject} came.`,
    layout: 'character_over_environment',
    motion: 'slow pan left',
    effect: 'rustling and small steps',
  },
  {
    narration: () => 'By day there is plenty; by night there is only listening.',
    layout: 'split_screen',
    motion: 'both halves move slowly apart',
    effect: 'birds by day, insects by night',
  },
  {
    narration: (subject) => `Then something changes in the air, and ${subject} knows it first.`,
    layout: 'character_over_environment',
    motion: 'slow zoom towards the eyes',
    effect: 'far thunder and rising wind',
  },
  {
    narration: (_subject, place) => `The storm crosses ${place} in an hour and leaves nothing dry.`,
    layout: 'full_frame',
    motion: 'camera shakes slightly, rain crosses the frame',
    effect: 'heavy rain and thunder',
  },
  {
    narration: (subject) => `When it is over, ${subject} is still there, and calls once.`,
    layout: 'character_over_environment',
    motion: 'slow pull back',
    effect: 'one long call that echoes',
  },
];
const CLOSE: Beat = {
  narration: (subject, place) => `Tomorrow it begins again, and ${place} will wait for ${subject}.`,
  layout: 'character_over_environment',
  motion: 'slow rise towards the light',
  effect: 'calm water and a single bird',
};

const PLACES = ['the quiet shore', 'the old forest', 'the cold reef', 'the high meadow', 'the river mouth'];

/** Words of a topic that make the storyteller slip, until it is told of the mistake or always: "slip once", "slip always in title". */
const SLIP = /\bslip (once|always)(?: in (title|brackets|description|tags))?\b/i;
/** How it slips; without a word, it forgets a narration. */
const FLAWS: Readonly<Record<string, (storyboard: Storyboard) => void>> = {
  narration: ({ scenes: [first] }) => {
    if (first) first.narration = '';
  },
  title: (storyboard) => {
    storyboard.title = 'a'.repeat(101);
  },
  brackets: (storyboard) => {
    storyboard.title = 'What is < and what is >';
  },
  description: (storyboard) => {
    storyboard.description = `${'ü'.repeat(2_500)}.`;
  },
  tags: (storyboard) => {
    storyboard.tags = Array.from({ length: 50 }, (_, index) => `tag ${index + 1_000}`);
  },
};

/** A storyboard for what a brief asks, always the same for the same brief. */
export function tell(brief: string): Storyboard {
  const storyboard = told(brief);
  const [, when, where = 'narration'] = SLIP.exec(brief) ?? [];
  if (when && (when.toLowerCase() === 'always' || !brief.includes('had mistakes'))) FLAWS[where.toLowerCase()]?.(storyboard);
  return storyboard;
}

function told(brief: string): Storyboard {
  const line = (name: string) => new RegExp(`^${name}: (.+)$`, 'm').exec(brief)?.[1]?.trim() ?? '';
  const topic = line('Topic') || line('Title') || 'An unknown animal';
  const script = brief.split('\nScript:\n')[1]?.split('\n\nThis storyboard had mistakes')[0];
  const seed = createHash('sha256').update(brief).digest();
  const place = PLACES[(seed[0] ?? 0) % PLACES.length] ?? 'the quiet shore';
  const subject = subjectOf(topic);
  const narrations = script === undefined ? narrated(Number(line('Number of scenes')) || 6, subject, place) : broken(script);
  const count = narrations.length;
  const environments = Math.max(2, Math.ceil(count * 0.75));
  const cast = (count > 8 ? COLORS : COLORS.slice(0, 1)).map((color, index) => ({
    key: `character_${index + 1}`,
    description: `${capital(subject)}, ${color}, ${index === 0 ? 'full-grown' : 'younger and smaller'}`,
  }));
  const images: Storyboard['images'] = [
    ...cast.map(({ key }) => ({
      key,
      role: 'character' as const,
      prompt: 'Seen from the side, alone on a plain light ground.',
      characters: [key],
    })),
    ...Array.from({ length: environments }, (_, index) => ({
      key: `place_${index + 1}`,
      role: 'environment' as const,
      prompt: `${capital(place)}, ${LIGHT[index % LIGHT.length] ?? 'noon'}, wide view ${index + 1}.`,
      // The last place is seen with somebody in it.
      characters: index === environments - 1 ? ['character_1'] : [],
    })),
  ];
  return {
    research: [
      `${capital(subject)} is known to those who live near ${place}.`,
      'How long it lives is not known for certain.',
      `What it eats by day it finds in ${place}.`,
    ],
    title: (line('Title') || topic).replace(/[<>]/g, '').slice(0, 100),
    description: `A short documentary about ${topic.replace(/[<>]/g, '')}.`,
    tags: ['documentary', 'nature', ...tagsOf(topic)],
    characters: cast,
    images,
    scenes: narrations.map((narration, index) => {
      const { layout, motion, effect } = beatOf(index, count);
      const environment = `place_${(index % environments) + 1}`;
      const other = `place_${((index + 1) % environments) + 1}`;
      const keys = {
        full_frame: [environment],
        split_screen: [environment, other],
        character_over_environment: [environment, `character_${(index % cast.length) + 1}`],
      };
      return { narration, layout, images: keys[layout], motion, effect, chapter: chapterOf(index, count) };
    }),
  };
}

/** The story's parts: how it begins, what happens, how it ends. */
function chapterOf(index: number, count: number): string {
  if (index === 0) return 'Before the day';
  if (index === Math.floor(count / 3)) return 'Day and night';
  return index === Math.floor((2 * count) / 3) ? 'After the storm' : '';
}

function beatOf(index: number, count: number): Beat {
  if (index === 0) return OPENING;
  if (index === count - 1) return CLOSE;
  return MIDDLE[(index - 1) % MIDDLE.length] ?? CLOSE;
}

function narrated(scenes: number, subject: string, place: string): string[] {
  const count = Math.min(60, Math.max(1, scenes));
  return Array.from({ length: count }, (_, index) => beatOf(index, count).narration(subject, place));
}

/** A finished text in pieces that can each be said in a scene: whole sentences where they are short enough. */
function broken(script: string): string[] {
  const sentences = script.trim().split(/(?<=[.!?])\s+/);
  return sentences.flatMap((sentence) => {
    const words = sentence.split(/\s+/).filter(Boolean);
    const pieces = Math.ceil(words.length / MOST_WORDS);
    const size = Math.ceil(words.length / pieces);
    return Array.from({ length: pieces }, (_, index) => words.slice(index * size, (index + 1) * size).join(' '));
  });
}

/** Words of a scene; more could not be said while it is seen. */
const MOST_WORDS = 20;
const COLORS = ['dark grey above and white below, with a pale scar over the left eye', 'light brown with a white throat'];

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function tagsOf(topic: string): string[] {
  const words = topic.toLowerCase().match(/[a-z]{4,}/g) ?? [];
  return [...new Set(words)].filter((tag) => tag !== 'documentary' && tag !== 'nature').slice(0, 3);
}

const LIGHT = ['at dawn', 'in morning light', 'at noon', 'under heavy clouds', 'at dusk', 'in moonlight'];

/** "The Whale That Sang Alone" -> "the whale". */
function subjectOf(topic: string): string {
  const words = topic
    .replace(/[^A-Za-z' -]/g, '')
    .split(/\s+/)
    .filter(Boolean);
  const noun = words.find((word) => !/^(the|a|an|of|how|why|what|that|in)$/i.test(word)) ?? 'creature';
  return `the ${noun.toLowerCase()}`;
}
