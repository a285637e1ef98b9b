interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  Plans?: Plan[];
}

/** Whatever runs SQL. */
interface Queryable {
  query<T>(statement: string, values: unknown[]): Promise<T>;
}

/** How a query reads a table, null: all of them, by what its plan says after it has run, and how many rows, those included that it throws away. */
export async function reads(
  database: Queryable,
  table: string | null,
  query: string,
  values: unknown[],
): Promise<{ how: string[]; rows: number }> {
  const [explained] = await database.query<{ 'QUERY PLAN': [{ Plan: Plan }] }[]>(
    `EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ${query}`,
    values,
  );
  const nodes = (node: Plan): Plan[] => [node, ...(node.Plans ?? []).flatMap(nodes)];
  const scans = explained
    ? nodes(explained['QUERY PLAN'][0].Plan).filter((node) => node['Relation Name'] && (table === null || node['Relation Name'] === table))
    : [];
  return {
    how: [...new Set(scans.map((node) => node['Node Type']))],
    rows: scans.reduce((sum, node) => sum + (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'], 0),
  };
}
