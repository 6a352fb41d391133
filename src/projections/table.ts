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
  /** The clock or the layout gave it, so a digest leaves it out. */
  readonly isState?: false;
  /** What an event makes of the value of a row that is there; without it the event's value takes its place. */
  readonly onUpdate?: 'keep' | 'max';
  /** The field has few values: DuckDB's table has a number for each, which the table's view gives back as `few_texts` has it. */
  readonly few?: true;
  /** What stands for each value of the field. */
  readonly values?: Readonly<Record<string, string>>;
}

/** A read of the API: its newest rows. */
export interface TableRead {
  /** Below /api/v1/. */
  readonly path: string;
  /** Columns by name; one may be given under another name, or only its first characters. */
  readonly columns: readonly (string | { readonly name: string; readonly of: string; readonly first?: number })[];
  /** Newest first by this column, then by the other in rising order. */
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
  /** Columns that tell rows apart: an event takes the place of its row. Null where each event is a row of its own. */
  readonly key: readonly string[] | null;
  /** Events that change some columns of the row that is there, and never make one: by a field's value. */
  readonly updates?: { readonly field: Field; readonly by: Readonly<Record<string, readonly string[]>> };
  readonly indexes?: readonly { readonly name: string; readonly columns: readonly string[]; readonly where?: string }[];
  /** The rows are in a table of this name, and what is asked is a view of it with these columns. */
  readonly view?: { readonly of: string; readonly columns: readonly string[]; readonly sql: string | null };
  /** What DuckDB makes of its rows and others' when it is asked: views by name, which cost nothing before. */
  readonly summaries?: readonly { readonly name: string; readonly sql: string }[];
  /**
   * Each of its events is about one of another table's and comes, as a rule, in the same commit and in the same order. Those that do
   * are rows of a table `of` its own, with the columns of both but those `same` fields that both have. The views are over both.
   */
  readonly pairs?: { readonly with: string; readonly of: string; readonly same: readonly Field[] };
  /** The process writes it about itself, by its clock: two journals of one input differ in it. */
  readonly isOfProcess?: true;
  /**
   * What is counted of its rows. As `headline` the overview has it as a field of this name; a gauge is a metric of it, which
   * Prometheus sees with `millrace_` before its name.
   */
  readonly counts?: {
    readonly as: string;
    readonly where?: string;
    readonly isHeadline?: true;
    readonly gauge?: { readonly name: string; readonly help: string };
  };
  readonly read?: TableRead;
  /** The live stream has its new rows under this name, as the API's read has them: of each commit the last few. */
  readonly live?: { readonly as: string; readonly last: number };
  /** Columns of the API's read that a page shows at first. */
  readonly shown?: readonly string[];
  /**
   * The events are also a derived stream: lines of a run's output, with the field as the key, and a digest. What is `counted`
   * stands in a run's summary under this name; where it is a headline too, the overview has it since the start.
   */
  readonly output?: {
    readonly stream: string;
    readonly key: Field;
    readonly layout?: readonly Field[];
    /** Fields that the events did not have at first: a digest leaves them out, so that older events keep theirs. */
    readonly later?: readonly Field[];
    readonly counted?: string;
    /**
     * What came in that each event is about: events of a record whose fields `same` are those of it, and those that were weighed
     * with them: of the same `scope`, with an event time from one field to another of it.
     */
    readonly about?: {
      readonly record: string;
      readonly same: readonly Field[];
      readonly scope: readonly Field[];
      readonly from: Field;
      readonly to: Field;
    };
    /** Sinks deliver each of these events for itself, and know it by this field: see `ALERT_STREAMS` in src/tables.ts. */
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

/** The table that rows are written to. */
export function storedName({ name, view }: Pick<TableEntry, 'name' | 'view'>): string {
  return view?.of ?? name;
}

/** Columns of the table, or of the view of it, that are state. */
export function stateColumns({ columns, view }: TableEntry): string[] {
  const isShown = ({ name }: ColumnEntry): boolean => view === undefined || view.columns.includes(name);
  return columns.filter((column) => column.isState !== false && isShown(column)).map(({ name }) => name);
}

/** All that decides which rows are in the table, as text: a store whose text is another one is rebuilt. */
export function tableText({ eventType, name, columns, key, updates, indexes, view, pairs }: Table): string {
  return JSON.stringify({ eventType, name, columns, key, updates, indexes, view, pairs });
}
