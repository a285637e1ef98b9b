import type { Problem } from './parse.js';

/** What YouTube allows: a title in characters, a description in bytes of UTF-8, all tags together as `tagsLength` counts them. */
export const LONGEST_TITLE = 100;
const LONGEST_DESCRIPTION_BYTES = 5_000;
export const LONGEST_TAGS = 500;
/** YouTube shows chapters only if there are so many, the first from the start, and none shorter (ms). */
const FEWEST_CHAPTERS = 3;
const SHORTEST_CHAPTER_MS = 10_000;

/** What people read of a video. */
export interface VideoText {
  title: string;
  description: string;
  tags: readonly string[];
}

/** What is wrong with the moment at which a video is to appear, in a sentence; null when nothing is, or none was named. */
export function publishTimeProblem(publishAt: Date | null, privacy: string, now = new Date()): string | null {
  if (!publishAt) return null;
  if (publishAt <= now) return `${publishAt.toISOString()} has passed; name a time that is ahead, or none`;
  if (privacy !== 'public') return `the channel's videos are ${privacy}, and a publish time makes a video public; name none`;
  return null;
}

/** A part of a video, by its name and where it begins (ms). */
interface Chapter {
  title: string;
  startMs: number;
}

/** What YouTube would refuse of a text, each by its field. */
export function videoTextProblems({ title, description, tags }: VideoText): Problem[] {
  const bytes = Buffer.byteLength(description);
  const tagLength = tagsLength(tags);
  return [
    ...(title.trim() === '' ? [{ field: 'title', message: 'title must not be empty' }] : []),
    ...(title.length > LONGEST_TITLE
      ? [{ field: 'title', message: `title has ${title.length} characters, at most ${LONGEST_TITLE} are allowed` }]
      : []),
    ...(bytes > LONGEST_DESCRIPTION_BYTES
      ? [
          {
            field: 'description',
            message: `description has ${bytes} bytes with chapters and credits, at most ${LONGEST_DESCRIPTION_BYTES} are allowed`,
          },
        ]
      : []),
    ...(tagLength > LONGEST_TAGS
      ? [{ field: 'tags', message: `tags have ${tagLength} characters together, at most ${LONGEST_TAGS} are allowed` }]
      : []),
    ...Object.entries({ title, description, tags: tags.join('\n') })
      .filter(([, text]) => /[<>]/.test(text))
      .map(([field]) => ({ field, message: `${field} must not contain < or >` })),
    ...(tags.some((tag) => tag.includes(',') || tag.trim() === '')
      ? [{ field: 'tags', message: 'a tag must not be empty and must not contain a comma' }]
      : []),
  ];
}

/** The length of tags as YouTube counts it: with the commas between them, and two more for each that contains a space, as if in quotes. */
export function tagsLength(tags: readonly string[]): number {
  const letters = tags.reduce((sum, tag) => sum + tag.length + (/\s/.test(tag) ? 2 : 0), 0);
  return letters + Math.max(0, tags.length - 1);
}

/**
 * A video's chapters; none where YouTube would show none.
 * @param scenes what the scene that begins a chapter calls it; empty: it goes on with the one before
 * @param durations of the scenes (ms)
 */
export function chaptersOf(scenes: readonly { chapter?: string }[], durations: readonly number[]): Chapter[] {
  let startMs = 0;
  const begun = scenes.map(({ chapter = '' }, index) => {
    const at = startMs;
    startMs += durations[index] ?? 0;
    return { title: chapter.trim(), startMs: at };
  });
  const endMs = startMs;
  // One that would be too short is not told: what it is about belongs to the one before, or to the end.
  const told: Chapter[] = [];
  for (const chapter of begun.filter(({ title }) => title !== '')) {
    const before = told.at(-1);
    if ((!before || chapter.startMs - before.startMs >= SHORTEST_CHAPTER_MS) && endMs - chapter.startMs >= SHORTEST_CHAPTER_MS)
      told.push(chapter);
  }
  return told.length >= FEWEST_CHAPTERS && told[0]?.startMs === 0 ? told : [];
}

/** A description as it is published: what the video is about, its chapters, then the channel's credits. */
export function fullDescription(description: string, chapters: readonly Chapter[], credits = ''): string {
  const parts = [description.trim(), chapters.map(({ title, startMs }) => `${clock(startMs)} ${title}`).join('\n'), credits.trim()];
  return parts.filter((part) => part !== '').join('\n\n');
}

/** As YouTube reads it: `4:05`, `1:02:09`. */
function clock(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const two = (number: number) => String(number).padStart(2, '0');
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  return `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(seconds % 60)}`;
}
