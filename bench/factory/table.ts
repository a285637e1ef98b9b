type Cell = string | number | null;

/** Prints a table: the first column to the left, the others to the right. */
export function table(title: string, head: readonly string[], rows: readonly (readonly Cell[])[]): void {
  const texts = [head, ...rows.map((row) => row.map(textOf))];
  const widths = head.map((_, column) => Math.max(...texts.map((row) => row[column]?.length ?? 0)));
  const lines = texts.map((row) =>
    row.map((text, column) => (column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0))).join('   '),
  );
  process.stdout.write(`\n${title}\n${lines.map((line) => line.trimEnd()).join('\n')}\n`);
}

/** Says how a figure stands to its goal. */
export function goal(what: string, value: string, goalText: string, met: boolean): void {
  process.stdout.write(`${what}: ${value} (goal: ${goalText}) ${met ? 'met' : 'MISSED'}\n`);
}

function textOf(cell: Cell): string {
  if (cell === null) return '-';
  if (typeof cell === 'string') return cell;
  if (Number.isInteger(cell)) return String(cell);
  return cell.toFixed(Math.abs(cell) >= 100 ? 0 : 3);
}
