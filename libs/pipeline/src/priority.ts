/** How urgent a task is, most urgent first. Its place in this list is what the database stores and orders by. */
export const PRIORITIES = ['high', 'normal', 'low'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** A priority as people read it in Notion: `High`. */
export function priorityTitle(priority: Priority): string {
  return priority.charAt(0).toUpperCase() + priority.slice(1);
}
