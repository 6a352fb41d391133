/**
 * Columns whose lists are taken apart: a row for each element of a row's lists, in their order. Of several lists the
 * shorter ones end in nulls, as DuckDB has it; a row whose lists are null or empty is gone.
 */
import { type Column, columnsOfEvents, type NumberColumn, type TextColumn } from '../messages/columns.ts';

export interface UnnestedRows {
  /** Whole columns repeated, lists by their elements. */
  readonly columns: Column[];
  readonly timesMs: Float64Array;
  /** The first of its rows for each row before, and behind the last the number of all. */
  readonly firsts: Uint32Array;
}

/** `isList` says of each column whether it is taken apart; `takes`, of which rows. */
export function unnestedRows(
  columns: readonly Column[],
  isList: readonly boolean[],
  timesMs: Float64Array,
  count: number,
  takes: (row: number) => boolean,
): UnnestedRows {
  const lists = columns.map((column, i) => (isList[i] === true ? listsOf(column, count, takes) : null));
  const firsts = new Uint32Array(count + 1);
  for (let row = 0; row < count; row++) {
    const length = Math.max(0, ...lists.map((own) => own?.[row]?.length ?? 0));
    firsts[row + 1] = firsts[row]! + length;
  }
  const total = firsts[count]!;
  const origins = new Uint32Array(total);
  for (let row = 0; row < count; row++) origins.fill(row, firsts[row], firsts[row + 1]);
  return {
    columns: columns.map((column, i) => {
      const own = lists[i];
      return own == null ? repeated(column, origins) : elements(own, firsts, origins);
    }),
    timesMs: Float64Array.from(origins, (row) => timesMs[row]!),
    firsts,
  };
}

type Lists = readonly (readonly unknown[])[];

const NOTHING: readonly unknown[] = [];

function listsOf(column: Column, count: number, takes: (row: number) => boolean): Lists {
  return Array.from({ length: count }, (_, row) => {
    const list = column.kind === 'boxed' && takes(row) ? column.at(row) : null;
    return Array.isArray(list) ? list : NOTHING;
  });
}

function elements(lists: Lists, firsts: Uint32Array, origins: Uint32Array): Column {
  const events = Array.from(origins, (row, i) => ({ element: lists[row]![i - firsts[row]!] ?? null }));
  return columnsOfEvents(events).column('element') ?? { kind: 'boxed', at: () => null, decimal: null, nulls: null };
}

function repeated(column: Column, origins: Uint32Array): Column {
  switch (column.kind) {
    case 'number':
      return repeatedNumbers(column, origins);
    case 'text':
      return repeatedTexts(column, origins);
    case 'boxed':
      return { ...column, at: (row) => column.at(origins[row]!), nulls: repeatedNulls(column.nulls, origins) };
  }
}

function repeatedNumbers({ values, exact, nulls }: NumberColumn, origins: Uint32Array): NumberColumn {
  return {
    kind: 'number',
    values: Float64Array.from(origins, (row) => values[row]!),
    exact: exact === null ? null : BigInt64Array.from(origins, (row) => exact[row]!),
    nulls: repeatedNulls(nulls, origins),
  };
}

function repeatedTexts({ bytes, starts, ends, nulls }: TextColumn, origins: Uint32Array): TextColumn {
  return {
    kind: 'text',
    bytes,
    starts: origins.map((row) => starts[row]!),
    ends: origins.map((row) => ends[row]!),
    nulls: repeatedNulls(nulls, origins),
  };
}

function repeatedNulls(nulls: Uint8Array | null, origins: Uint32Array): Uint8Array | null {
  return nulls === null ? null : Uint8Array.from(origins, (row) => nulls[row]!);
}
