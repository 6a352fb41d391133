/** Which table of the analytics store the events of each type become rows of. */

import type { DuckDBConnection } from '@duckdb/node-api';
import type { AvroField } from '../messages/avro.ts';
import { type Columns, columnsOfEvents } from '../messages/columns.ts';
import { withColumns } from '../messages/record-columns.ts';
import { type GivenKind, givenBy, type WindowResultType, windowResultAt } from '../messages/window-result.ts';
import { createTableWriter, type TableWriter } from './duckdb-columns.ts';
import { openFewTexts } from './duckdb-few-texts.ts';
import { areAbout, type PairTable, pairTables } from './duckdb-pairs.ts';
import { partShape, tableColumns, type WindowShape, windowColumns, windowTable } from './duckdb-schema.ts';
import { streamColumns } from './duckdb-streams.ts';
import { type CommitPlace, type SectionEvents, STREAM_EVENTS, type Where, WINDOW_RESULTS } from './store.ts';
import type { StreamTable } from './stream-tables.ts';
import { storedName, type Table } from './table.ts';

export interface DuckdbWriters {
  readonly wants: ReadonlySet<string>;
  write(sections: readonly SectionEvents[], commit: CommitPlace): void;
  flush(): void;
  /** The transaction with the flushed rows was committed. */
  keep(): void;
  clear(): void;
}

export async function duckdbWriters(
  connection: DuckDBConnection,
  tables: readonly Table[],
  shapes: readonly WindowShape[],
  streams: readonly StreamTable[],
): Promise<DuckdbWriters> {
  const texts = await openFewTexts(connection);
  const byType = new Map<string, TableWriter[]>();
  for (const table of tables) {
    const writer = await createTableWriter(connection, storedName(table), tableColumns(table), texts);
    byType.set(table.eventType, [...(byType.get(table.eventType) ?? []), writer]);
  }
  const windows = new Map<string, { readonly shape: WindowShape; readonly table: TableWriter }>();
  for (const shape of shapes) {
    windows.set(shape.name, {
      shape,
      table: await createTableWriter(connection, windowTable(shape), windowColumns(shape), texts),
    });
  }
  const declared = new Map<string, { readonly stream: StreamTable; readonly table: TableWriter }>();
  for (const stream of streams) {
    const table = await createTableWriter(connection, stream.name, streamColumns(stream), texts);
    declared.set(stream.name, { stream, table });
  }
  const pairs: { readonly pair: PairTable; readonly table: TableWriter }[] = [];
  for (const pair of pairTables(tables)) {
    pairs.push({ pair, table: await createTableWriter(connection, pair.name, pair.columns, texts) });
  }
  const byName = [...windows.values(), ...declared.values(), ...pairs].map(({ table }) => table);
  const all = [...[...byType.values()].flat(), ...byName];

  /** Writes the table of a pair. Gives for each section how many of its rows are there. */
  function writePairs(sections: readonly SectionEvents[], commit: CommitPlace): ReadonlyMap<SectionEvents, number> {
    const taken = new Map<SectionEvents, number>();
    for (const { pair, table } of pairs) {
      const second = sections.find(({ typeName }) => typeName === pair.secondType);
      if (second === undefined) continue;
      for (const first of sections) {
        if (first.typeName !== pair.firstType) continue;
        const from = taken.get(second) ?? 0;
        const columns = first.columns();
        if (!areAbout(columns, second.columns(), from, pair.same)) break;
        table.appendPairs(columns, { ...commit, firstOffset: first.firstOffset }, second.columns(), from);
        taken.set(second, from + columns.count);
        taken.set(first, columns.count);
      }
    }
    return taken;
  }

  function write({ typeName, table: stream, window, columns }: SectionEvents, where: Where, fromRow: number): void {
    if (typeName === STREAM_EVENTS) {
      const known = declared.get(stream ?? where.stream);
      known?.table.append(withColumns(columns(), known.stream.columns), where);
    } else if (window === null) {
      for (const table of byType.get(typeName) ?? []) table.append(columns(), where, fromRow);
    } else {
      const known = windows.get(window.window);
      if (known !== undefined && isShapedAs(window, known.shape)) {
        const hasLists = known.shape.aggregates.some(({ gives }) => gives === 'list');
        const own = withWholeNumbers(columns(), known.shape, window);
        known.table.append(hasLists ? withListsAsText(own, known.shape, window) : own, where);
      } else for (const table of byType.get(WINDOW_RESULTS) ?? []) table.append(asParts(window, columns()), where);
    }
  }

  return {
    wants: new Set([...byType.keys(), WINDOW_RESULTS, STREAM_EVENTS]),
    write(sections, commit) {
      const taken = writePairs(sections, commit);
      for (const section of sections) {
        const fromRow = taken.get(section) ?? 0;
        if (fromRow === 0 || fromRow < section.columns().count) {
          write(section, { ...commit, firstOffset: section.firstOffset }, fromRow);
        }
      }
    },
    flush() {
      for (const writer of all) writer.flush();
      texts.flush();
    },
    keep: texts.keep,
    clear() {
      texts.clear();
      for (const writer of all) writer.clear();
    },
  };
}

function isShapedAs({ aggregates, parts }: WindowResultType, shape: WindowShape): boolean {
  return (
    JSON.stringify(parts.map(partShape)) === JSON.stringify(shape.parts ?? []) &&
    aggregates.length === shape.aggregates.length &&
    shape.aggregates.every(({ name, gives }) =>
      aggregates.some((field) => field.name === name && (givenBy(field) === gives || wasReal(field, gives))),
    )
  );
}

/** Whether an earlier version gave these whole numbers as doubles. */
function wasReal(field: AvroField, gives: GivenKind): boolean {
  return gives === 'whole' && givenBy(field) === 'number';
}

/** The columns with null in a whole number where they have NaN. NaN stands for null in a double that can't be null. */
function withWholeNumbers(columns: Columns, shape: WindowShape, { aggregates }: WindowResultType): Columns {
  const real = shape.aggregates.filter(({ name, gives }) =>
    aggregates.some((field) => field.name === name && wasReal(field, gives)),
  );
  if (real.length === 0) return columns;
  const paths = new Set(real.map(({ name }) => `aggregates.${name}`));
  return {
    ...columns,
    column(path) {
      const column = columns.column(path);
      if (!paths.has(path) || column?.kind !== 'number') return column;
      const nulls = Uint8Array.from(column.values, (value, row) =>
        column.nulls?.[row] === 1 || !(Math.abs(value) < LONG_END) ? 1 : 0,
      );
      return { ...column, nulls };
    },
  };
}

const LONG_END = 2 ** 63;

function withListsAsText(columns: Columns, shape: WindowShape, window: WindowResultType): Columns {
  const lists = new Map(
    shape.aggregates.flatMap(({ name, gives }) => (gives === 'list' ? [[`aggregates.${name}`, name]] : [])),
  );
  return {
    ...columns,
    column(path) {
      const name = lists.get(path);
      const column = columns.column(path);
      if (name === undefined || column?.kind !== 'boxed') return column;
      const start = `{${JSON.stringify(name)}:`.length;
      const texts = Array.from({ length: columns.count }, (_, row) => {
        const value = column.at(row);
        return { text: value === null ? null : window.aggregatesJson({ [name]: value }).slice(start, -1) };
      });
      return columnsOfEvents(texts).column('text');
    },
  };
}

/** The results of a window that is configured differently now, or not at all. */
function asParts({ window, aggregatesJson }: WindowResultType, columns: Columns): Columns {
  return columnsOfEvents(
    Array.from({ length: columns.count }, (_, row) => {
      const result = windowResultAt(columns, row);
      return { ...result, window, aggregates: aggregatesJson(result.aggregates) };
    }),
  );
}
