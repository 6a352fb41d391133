/**
 * A table of the read models as one entry of plain data: the events that become its rows, the store that holds it, and what
 * of it a digest, the API, the page and a run's output show. A room declares its own tables; src/tables.ts lists all of them.
 * Invariant: no code that handles entries knows a table by its name.
 */
import type { EventType } from '../messages/codec.ts';

export type ColumnKind = 'long' | 'int' | 'double' | 'boolean' | 'instant' | 'date' | 'text' | 'bytes' | 'json';

/** Values that stand in no event: where it lies in the journal, and when it was committed. */
const PLACES = ['$log', '$stream', '$partition', '$offset', '$committedAt'] as const;
export type Place = (typeof PLACES)[number];

export interface ColumnEntry<Field extends string = string> {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly from: Field | Place;
  readonly nullable?: true;
  /** The clock or the layout gives the value, so a digest leaves it out. */
  readonly isState?: false;
  /** How an event changes the value of a row that is there. Absent: the event's value takes its place. */
  readonly onUpdate?: 'keep' | 'max';
  /**
   * The field has few values. DuckDB's table has a number for each, and the table's view gives the values back by
   * `few_texts`.
   */
  readonly few?: true;
  /** What the column has for each value of the field. */
  readonly values?: Readonly<Record<string, string>>;
}

/** A read of the API: its newest rows. */
export interface TableRead {
  /** The path below /api/v1/. */
  readonly path: string;
  /** Columns by name; one may be given under another name, or only its first characters. */
  readonly columns: readonly (string | { readonly name: string; readonly of: string; readonly first?: number })[];
  /** The column that orders rows, newest first. `thenBy`, in rising order, decides between equals. */
  readonly newest: string;
  readonly thenBy?: string;
  /** Of rows that are alike in `of` only the one with the largest `by` is shown. */
  readonly only?: { readonly of: readonly string[]; readonly by: string };
}

export interface TableEntry<Field extends string = string> {
  /** As SQL, the digest and the API name it. */
  readonly name: string;
  /** For people. */
  readonly label: string;
  readonly store: string;
  readonly columns: readonly ColumnEntry<Field>[];
  /** Columns that tell rows apart. An event replaces the row of its key. Null where each event is a row of its own. */
  readonly key: readonly string[] | null;
  /** Events that change some columns of a row that is there, and never make a row: by a field's value. */
  readonly updates?: { readonly field: Field; readonly by: Readonly<Record<string, readonly string[]>> };
  readonly indexes?: readonly { readonly name: string; readonly columns: readonly string[]; readonly where?: string }[];
  /** A table of this name has the rows. What is asked is a view of it with these columns. */
  readonly view?: { readonly of: string; readonly columns: readonly string[]; readonly sql: string | null };
  /** Views by name over this table's rows and others', which cost nothing until DuckDB is asked. */
  readonly summaries?: readonly { readonly name: string; readonly sql: string }[];
  /**
   * Each event is about one of another table's, and mostly comes in the same commit and in the same order. Those that
   * do are rows of a table `of` its own, with the columns of both events; the `same` fields, which both have, stand
   * there once. The views are over both tables.
   */
  readonly pairs?: { readonly with: string; readonly of: string; readonly same: readonly Field[] };
  /** The process writes the events about itself, by its clock. Two journals of one input differ in them. */
  readonly isOfProcess?: true;
  /**
   * What is counted of the rows. The overview has a `headline` as a field of this name. A gauge is a metric of this
   * name, with `millrace_` before it for Prometheus.
   */
  readonly counts?: {
    readonly as: string;
    readonly where?: string;
    readonly isHeadline?: true;
    readonly gauge?: { readonly name: string; readonly help: string };
  };
  readonly read?: TableRead;
  /** The live stream has the last few new rows of each commit under this name, as the API's read has them. */
  readonly live?: { readonly as: string; readonly last: number };
  /** Columns of the API's read that a page shows at first. */
  readonly shown?: readonly string[];
  /**
   * The events are also a derived stream: lines of a run's output, with the field as the key, and a digest. A run's
   * summary has what is `counted` under this name. Where it is a headline too, the overview has it since the start.
   */
  readonly output?: {
    readonly stream: string;
    readonly key: Field;
    readonly layout?: readonly Field[];
    /** Fields that the events did not have at first. A digest leaves them out, so that older events keep theirs. */
    readonly later?: readonly Field[];
    readonly counted?: string;
    /**
     * The input that each event is about: the event of a record whose `same` fields are equal to its own, and the
     * events that were weighed with it. These are of the same `scope`, with an event time between two fields of it.
     */
    readonly about?: {
      readonly record: string;
      readonly same: readonly Field[];
      readonly scope: readonly Field[];
      readonly from: Field;
      readonly to: Field;
    };
    /**
     * The field by which sinks know each of these events, which they deliver one by one: see `ALERT_STREAMS` in
     * src/tables.ts.
     */
    readonly alertId?: Field;
  };
}

export interface Table extends TableEntry {
  /** Full name of the type of its events. */
  readonly eventType: string;
}

/** The entry of a table of these events; their fields are checked. */
export function tableOf<T>(
  { name: eventType }: Pick<EventType<T>, 'name' | 'encode'>,
  entry: TableEntry<keyof T & string>,
): Table {
  return { ...entry, eventType };
}

/** The name of the table that rows are written to. */
export function storedName({ name, view }: Pick<TableEntry, 'name' | 'view'>): string {
  return view?.of ?? name;
}

/** The columns of the table, or of the view of it, that are state. */
export function stateColumns({ columns, view }: TableEntry): string[] {
  const isShown = ({ name }: ColumnEntry): boolean => view === undefined || view.columns.includes(name);
  return columns.filter((column) => column.isState !== false && isShown(column)).map(({ name }) => name);
}

/** Everything that decides which rows are in the table, as text. A store with another text is rebuilt. */
export function tableText({ eventType, name, columns, key, updates, indexes, view, pairs }: Table): string {
  return JSON.stringify({ eventType, name, columns, key, updates, indexes, view, pairs });
}
