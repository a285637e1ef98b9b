import { transient } from '#pipeline';

/**
 * What a text model has answered, as JSON.
 * @throws Failure with that code, transient and billed, when it broke off in the middle
 */
export function jsonAnswer(text: string, { code, who }: { code: string; who: string }): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw transient({
      code,
      message: `${who} answered with ${text.length} characters that are no JSON`,
      userMessage: 'The text model broke off in the middle of its answer. It is tried again by itself.',
      billed: 'yes',
      cause,
    });
  }
}
