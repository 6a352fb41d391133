/** The relation that a suite checks, as the analytics store has it. */
import type { Config } from '../config/config.ts';
import type { SuiteConfig } from '../config/sections/checks.ts';
import { dynamicEventType } from '../messages/codec.ts';
import { windowRowsSql } from '../projections/duckdb-schema.ts';
import { TABLES } from '../tables.ts';
import { tableShapes } from './read-models.ts';

/** A range of event time, the end not included. */
export interface EventRange {
  readonly fromMs: number;
  readonly toMs: number;
}

type Of = NonNullable<SuiteConfig['of']>;

/**
 * The SQL behind FROM for a relation; for a stream, of the events within a range. Null for a name whose rows the store does
 * not have.
 */
export function relationSql(of: Of, config: Config, range: EventRange | null = null): string | null {
  const relation = wholeRelation(of, config);
  const stream = of.kind === 'stream' ? config.streams.find(({ name }) => name === of.name) : undefined;
  if (relation === null || range === null || stream === undefined) return relation;
  const instant = (ms: number): string => `make_timestamp(${ms * MICROS_PER_MILLI})`;
  const time = `"${stream.eventTime}"`;
  return `(SELECT * FROM ${relation} WHERE ${time} >= ${instant(range.fromMs)} AND ${time} < ${instant(range.toMs)})`;
}

const MICROS_PER_MILLI = 1000;

function wholeRelation(of: Of, config: Config): string | null {
  if (of.kind === 'query') return `(${of.sql.trim().replace(/;$/, '')})`;
  const { name } = of;
  const inStore = TABLES.filter(({ store }) => store !== 'sqlite');
  if (inStore.some((table) => table.name === name)) return `"${name}"`;
  const { streams, windows } = tableShapes(config);
  if (streams.some((stream) => stream.name === name)) return `"${name}"`;
  const window = windows.find((shape) => shape.name === name);
  if (window !== undefined) return window.columns === undefined ? `(${windowRowsSql(window)})` : `"${name}"`;
  const builtin = config.streams.find((stream) => stream.name === name);
  if (builtin === undefined) return null;
  const type = dynamicEventType(builtin.schema).name;
  const table = inStore.find(({ eventType }) => eventType === type);
  if (table === undefined) return null;
  // Columns have the fields' names, as the rows of a file of the stream have them.
  const fields = table.columns.filter(({ from }) => !from.startsWith('$'));
  return `(SELECT ${fields.map((column) => `"${column.name}" AS "${column.from}"`).join(', ')} FROM "${table.name}")`;
}
