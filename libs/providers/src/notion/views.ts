import { GATED_STEPS, STATUSES, statusTitle, type RowProperty } from '#pipeline';
import type { CreateViewParameters } from '@notionhq/client';
import type { DataSource } from './find-place.js';

/** A view of the videos. */
interface WantedView {
  name: string;
  /** Which properties the view cannot be without. */
  needs: readonly RowProperty[];
  /** What the API is told of it besides. @param id a property's id by its meaning; null: the data source has none */
  settings: (id: (property: RowProperty) => string | null) => Pick<CreateViewParameters, 'type' | 'configuration' | 'filter' | 'sorts'>;
}

/** Statuses at which nothing goes on until a person does something. */
const NEEDS_A_PERSON = [...GATED_STEPS.map(({ gate }) => gate.waiting), ...STATUSES.filter((status) => status.endsWith('_error'))];

/** The view of all rows; a new data source comes with one that only has another name. */
export const EVERYTHING = 'Everything';

export const VIEWS: readonly WantedView[] = [
  {
    name: 'By status',
    needs: ['status'],
    settings: (id) => ({
      type: 'board',
      configuration: {
        type: 'board',
        group_by: {
          type: 'status',
          property_id: id('status') ?? '',
          group_by: 'option',
          sort: { type: 'manual' },
          hide_empty_groups: true,
        },
        properties: shown(id, ['title', 'channel', 'priority', 'progress', 'error', 'estimate']),
      },
    }),
  },
  {
    name: 'Needs you',
    needs: ['status'],
    settings: (id) => ({
      type: 'table',
      filter: asInQuery({ property: id('status') ?? '', status: { equals: NEEDS_A_PERSON.map(statusTitle) } }),
      // What has waited longest comes first.
      sorts: [asInQuery({ timestamp: 'last_edited_time', direction: 'ascending' })],
      configuration: {
        type: 'table',
        properties: shown(id, [
          'title',
          'status',
          'channel',
          'review',
          'redo',
          'review_note',
          'thumbnail',
          'error',
          'progress',
          'cost',
          'estimate',
        ]),
      },
    }),
  },
  { name: EVERYTHING, needs: [], settings: () => ({ type: 'table' }) },
];

/** A filter or a sort as a query takes it, which a view takes, too; the SDK's types for those of a view know no fields. */
const asInQuery = (part: object) => part as Record<string, never>;

function shown(id: (property: RowProperty) => string | null, properties: readonly RowProperty[]) {
  return properties.flatMap((property) => {
    const found = id(property);
    return found === null ? [] : [{ property_id: found, visible: true }];
  });
}

/** The ids of a data source's properties, by their meaning. */
export function idsIn({ properties }: DataSource, names: ReadonlyMap<string, string>): (property: RowProperty) => string | null {
  return (property) => properties[names.get(property) ?? '']?.id ?? null;
}
