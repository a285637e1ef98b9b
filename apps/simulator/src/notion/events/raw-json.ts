/**
 * A value as JSON in another form than anybody else's: the fields in reverse, spaces in odd places, some characters escaped and some not.
 * Whoever checks a signature over anything but the bytes that came will find it wrong.
 */
export function rawJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(rawJson).join(', ')}]`;
  if (typeof value === 'string') return rawText(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return `{${fields
    .reverse()
    .map(([name, field]) => `${JSON.stringify(name)} :${rawJson(field)}`)
    .join(',')}}`;
}

/** Slashes and every other character beyond ASCII are escaped. */
function rawText(text: string): string {
  let count = 0;
  return JSON.stringify(text)
    .replaceAll('/', '\\/')
    .replace(/[\u0080-\uffff]/g, (character) =>
      count++ % 2 === 0 && !/[\ud800-\udfff]/.test(character) ? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}` : character,
    );
}
