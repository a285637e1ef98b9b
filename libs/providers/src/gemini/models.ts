/** Pictures that a model looks at beside a prompt (Gemini's docs and SDK, read 2026-11-20); later families take as many as the newest. */
const REFERENCES: readonly [family: RegExp, most: number][] = [
  [/^gemini-2\./, 3],
  [/./, 14],
];

/** How many reference pictures a model takes. */
export function referencesOf(model: string): number {
  return REFERENCES.find(([family]) => family.test(model))?.[1] ?? 0;
}
