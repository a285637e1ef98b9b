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
    narration: (_subject, place) => `The storm takes an hour to cross ${place} and leaves nothing dry.`,
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

/** Words of a topic that make the storyteller forget a narration: until it is told of the mistake, or always. */
const SLIPS = { once: /\bslip once\b/i, always: /\bslip always\b/i };

/** A storyboard for what a brief asks, always the same for the same brief. */
export function tell(brief: string): Storyboard {
  const storyboard = told(brief);
  const slips = SLIPS.always.test(brief) || (SLIPS.once.test(brief) && !brief.includes('had mistakes'));
  const [first] = storyboard.scenes;
  if (slips && first) first.narration = '';
  return storyboard;
}

function told(brief: string): Storyboard {
  const line = (name: string) => new RegExp(`^${name}: (.+)$`, 'm').exec(brief)?.[1]?.trim() ?? '';
  const topic = line('Topic') || line('Title') || 'An unknown animal';
  const count = Math.min(60, Math.max(1, Number(line('Number of scenes')) || 6));
  const seed = createHash('sha256').update(brief).digest();
  const place = PLACES[(seed[0] ?? 0) % PLACES.length] ?? 'the quiet shore';
  const subject = subjectOf(topic);
  const beats = Array.from({ length: count }, (_, index): Beat => {
    if (index === 0) return OPENING;
    if (index === count - 1) return CLOSE;
    return MIDDLE[(index - 1) % MIDDLE.length] ?? CLOSE;
  });
  const environments = Math.max(2, Math.ceil(count * 0.75));
  const characters = count > 8 ? 2 : 1;
  const images: Storyboard['images'] = [
    ...Array.from({ length: characters }, (_, index) => ({
      key: `character_${index + 1}`,
      role: 'character' as const,
      prompt: `${topic}: ${subject}, ${index === 0 ? 'seen from the side' : 'looking back'}, alone on a plain light ground.`,
    })),
    ...Array.from({ length: environments }, (_, index) => ({
      key: `place_${index + 1}`,
      role: 'environment' as const,
      prompt: `${place}, ${LIGHT[index % LIGHT.length] ?? 'noon'}, wide view ${index + 1}. ${line('Atmosphere')}`,
    })),
  ];
  return {
    title: (line('Title') || topic).replace(/[<>]/g, '').slice(0, 100),
    description: `A short documentary about ${topic.replace(/[<>]/g, '')}.`,
    tags: [
      'documentary',
      'nature',
      ...(topic
        .toLowerCase()
        .match(/[a-z]{4,}/g)
        ?.slice(0, 3)
        .filter((tag, at, all) => all.indexOf(tag) === at) ?? []),
    ],
    images,
    scenes: beats.map(({ narration, layout, motion, effect }, index) => {
      const environment = `place_${(index % environments) + 1}`;
      const other = `place_${((index + 1) % environments) + 1}`;
      const keys = {
        full_frame: [environment],
        split_screen: [environment, other],
        character_over_environment: [environment, `character_${(index % characters) + 1}`],
      };
      return { narration: narration(subject, place), layout, images: keys[layout], motion, effect };
    }),
  };
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
