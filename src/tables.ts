/**
 * Every table of the read models. A room that has tables declares them in a file of its own and has a line here; the stores,
 * digests, outputs and the API read this list. Its order is that of a digest.
 */
import { FRAUD_TABLES } from './fraud/tables.ts';
import { JOB_TABLE_TABLES } from './job-tables/tables.ts';
import { RUN_TABLES } from './jobs/tables.ts';
import { windowTable } from './projections/duckdb-schema.ts';
import { ENGINE_TABLES } from './projections/engine-tables.ts';
import { storedName, type Table } from './projections/table.ts';
import { QUALITY_TABLES } from './quality/tables.ts';
import { WEATHER_TABLES } from './weather/tables.ts';

export const TABLES: readonly Table[] = [
  ...RUN_TABLES,
  ...JOB_TABLE_TABLES,
  ...FRAUD_TABLES,
  ...ENGINE_TABLES,
  ...WEATHER_TABLES,
  ...QUALITY_TABLES,
];

/** What the overview counts beside the engine's own: each name is a field of it. */
export const HEADLINES: readonly string[] = TABLES.flatMap(({ counts }) =>
  counts?.isHeadline === true ? [counts.as] : [],
);

/** Metrics that tables declare, by name; each has the count of that name. */
export const TABLE_GAUGES = TABLES.flatMap(({ counts }) =>
  counts?.gauge === undefined ? [] : [{ ...counts.gauge, of: counts.as }],
);

/** Derived streams whose events are counted as they are committed, by stream: the name of the count. */
export const COUNTED: ReadonlyMap<string, string> = new Map(
  TABLES.flatMap(({ output }): [string, string][] =>
    output?.counted === undefined ? [] : [[output.stream, output.counted]],
  ),
);

/** Derived streams whose events sinks take as alerts. */
export const ALERT_STREAMS: readonly string[] = TABLES.flatMap(({ output }) =>
  output?.alertId === undefined ? [] : [output.stream],
);

/** What alerts are called where a pipeline file says what is to leave, whichever stream has them. */
export const ALERTS = 'alerts';

/** The derived stream that the events of a built-in record are. */
export function outputOf(record: string): Table['output'] {
  return TABLES.find(({ eventType }) => eventType === record)?.output;
}

/** What the stores keep for themselves. */
const OWN_NAMES: readonly string[] = ['offsets', 'shapes', 'tombstones', 'schema_version'];

const TAKEN: ReadonlySet<string> = new Set([
  ...OWN_NAMES,
  ...TABLES.flatMap((table) => {
    const { name, pairs, indexes = [], summaries = [] } = table;
    const others = [...indexes, ...summaries].map((each) => each.name);
    return [name, storedName(table), ...(pairs === undefined ? [] : [pairs.of]), ...others];
  }),
]);

/** Whether a table of the stores has this name already, or that of a window may, or SQLite keeps it for itself. */
export function isBuiltinTable(name: string): boolean {
  const folded = name.toLowerCase();
  return TAKEN.has(folded) || folded.startsWith(windowTable({ name: '' })) || folded.startsWith('sqlite_');
}
