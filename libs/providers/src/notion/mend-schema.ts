import { isFullDataSource, type UpdateDataSourceParameters } from '@notionhq/client';
import { sourceAt, type DataSource } from './find-place.js';
import type { PatientNotion } from './patient-notion.js';
import { compareSchema, configurationOf, kindTitle, type SchemaDifference, type WantedProperty } from './schema.js';
import type { SetupReport } from './setup-report.js';

type Changes = NonNullable<UpdateDataSourceParameters['properties']>;

/** A data source that has what it has to have, and what its properties are called there, by their meaning. */
export interface Mended {
  source: DataSource;
  names: ReadonlyMap<string, string>;
}

/** Adds what a data source lacks, and reports what cannot be added. */
export async function mendSchema(
  notion: PatientNotion,
  report: SetupReport,
  { source, title, wanted }: { source: DataSource; title: string; wanted: readonly WantedProperty[] },
): Promise<Mended> {
  const before = compareSchema(wanted, source.properties);
  for (const problem of problemsOf(before, title)) report.problem(problem);
  const { missing, lacking } = before;
  if (missing.length + lacking.length === 0) return { source, names: before.names };
  const changed = await report.change(inWords(before, title), () => add(notion, source, wanted, before));
  if (!changed) {
    // Nothing was done: what would be there is taken for granted.
    return { source, names: new Map([...before.names, ...missing.map(({ meaning, name }) => [meaning, name] as const)]) };
  }
  const after = compareSchema(wanted, changed.properties);
  for (const { name } of after.missing) report.problem(`Notion did not take the property ${name} in ${title}. Add it by hand.`);
  for (const { name, options } of after.lacking)
    report.problem(
      `Notion did not take options of ${name} in ${title}. Add them by hand: ${options.map((option) => option.name).join(', ')}.`,
    );
  return { source: changed, names: after.names };
}

/** What is wrong with a data source that only a person can mend. */
function problemsOf({ wrongKind }: SchemaDifference, title: string): string[] {
  return wrongKind.map(
    ({ property: { name, kind, meaning }, kind: actual }) =>
      `${name} in ${title} is a ${kindTitle(actual)} property and has to be a ${kindTitle(kind)}. Change its type in Notion, ` +
      `or rename it and run this again, or name another property by NOTION_PROPERTIES=${meaning}=<its name>.`,
  );
}

function inWords({ missing, lacking }: SchemaDifference, title: string): string {
  const properties = missing.map(({ name }) => name).join(', ');
  return [
    ...(missing.length > 0 ? [`${missing.length === 1 ? 'the property' : 'the properties'} ${properties}`] : []),
    ...lacking.map(
      ({ name, options }) =>
        `${options.length === 1 ? 'the option' : 'the options'} ${options.map((one) => one.name).join(', ')} of ${name}`,
    ),
  ]
    .join(', ')
    .concat(` in "${title}"`);
}

function add(
  notion: PatientNotion,
  { id }: DataSource,
  wanted: readonly WantedProperty[],
  { missing, lacking }: SchemaDifference,
): Promise<DataSource | null> {
  const properties: Changes = {};
  for (const property of missing) properties[property.name] = configurationOf(property) as Changes[string];
  for (const { name, property, all } of lacking)
    properties[name] = property.kind === 'status' ? { status: { options: [...all] } } : { select: { options: [...all] } };
  return notion.write(
    async (client) => {
      const updated = await client.dataSources.update({ data_source_id: id, properties });
      return isFullDataSource(updated) ? updated : sourceAt(notion, id);
    },
    async () => {
      const now = await sourceAt(notion, id);
      const left = now && compareSchema(wanted, now.properties);
      return left && left.missing.length + left.lacking.length === 0 ? now : null;
    },
  );
}
