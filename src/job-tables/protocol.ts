/** What passes between the service and the process of the job tables. Every value is structured-cloneable. */
import type { BoundSql } from '../jobs/sql-text.ts';
import type { Row, TableDigest } from '../projections/store.ts';

/** How the rows of a run get into their table. */
export type TableWrite =
  /** They take the place of all rows. */
  | { readonly mode: 'replace' }
  | { readonly mode: 'append' }
  /** They take the place of the rows whose column is in [startMs, endMs). */
  | { readonly mode: 'interval'; readonly column: string; readonly startMs: number; readonly endMs: number }
  /** They take the place of the rows that have the same values in these columns. */
  | { readonly mode: 'upsert'; readonly key: readonly string[] };

/** The table of a run, which nobody else sees until it is published. */
export interface TableTarget {
  readonly kind: 'table';
  readonly table: string;
  readonly write: TableWrite;
}

export interface FileTarget {
  readonly kind: 'file';
  readonly path: string;
  readonly format: 'parquet' | 'csv' | 'jsonl';
}

/** Who runs a statement. */
export interface RunIdentity {
  readonly job: string;
  readonly step: string;
  readonly runId: string;
  /** The same for each attempt of the step in the run, and for nothing else. */
  readonly key: string;
}

/** A table of a store that DuckDB can't open: its rows as lines of JSON. */
export interface LinesTable {
  readonly name: string;
  readonly file: string;
  /** `type` is that of the lines, `sql` what is made of the column. */
  readonly columns: readonly { readonly name: string; readonly type: string; readonly sql: string }[];
}

/** Stands for the copy of the read models, which has a name of its own in each statement. */
export const MODELS_CATALOG = '"read models"';

export interface RunStatement extends BoundSql {
  readonly identity: RunIdentity;
  /** A copy of the analytics read model; null when the statement names none of its tables. */
  readonly models: string | null;
  readonly lines: readonly LinesTable[];
  /** Windows that the statement names: their newest results, by the names of their aggregates, out of MODELS_CATALOG. Absent for none. */
  readonly windows?: readonly { readonly name: string; readonly sql: string }[];
  readonly target: TableTarget | FileTarget;
}

export interface Publication extends Omit<RunIdentity, 'key'> {
  readonly table: string;
  readonly mode: TableWrite['mode'];
  /** Of the run. */
  readonly rows: number;
  /** Sum over the run's rows of a 64-bit hash of each, independent of their order. Hexadecimal. */
  readonly hash: string;
  /** Of the whole table. */
  readonly tableRows: number;
  /** Epoch ms. */
  readonly publishedAt: number;
}

export type JobTablesTask =
  | {
      readonly kind: 'open';
      readonly directory: string;
      readonly memoryBytes: number;
      readonly threads: number;
    }
  | { readonly kind: 'run'; readonly statement: RunStatement }
  | { readonly kind: 'stop'; readonly key: string }
  /** From 0 to 1; null where it can't be told. */
  | { readonly kind: 'progress'; readonly key: string }
  /** What a check reads: the rows of the run where it has some that are not published, else the table. */
  | { readonly kind: 'relation'; readonly runId: string; readonly table: string; readonly isOfRun: boolean }
  /** A check on the run's rows has passed: whether all of these have. */
  | {
      readonly kind: 'audited';
      readonly runId: string;
      readonly table: string;
      readonly step: string;
      readonly all: readonly string[];
    }
  /** What a run has staged is not wanted. */
  | { readonly kind: 'discard'; readonly runId: string; readonly table: string }
  | { readonly kind: 'publish'; readonly runId: string; readonly table: string; readonly nowMs: number }
  /** Publications that the journal may not have. */
  | { readonly kind: 'unrecorded' }
  | { readonly kind: 'recorded'; readonly runId: string; readonly table: string }
  | { readonly kind: 'digest' }
  /** A copy of the whole, as of one moment. */
  | { readonly kind: 'copy'; readonly to: string }
  | { readonly kind: 'close' };

export interface JobTablesResults {
  open: null;
  run: { readonly rows: number };
  stop: null;
  progress: number | null;
  relation: string;
  audited: boolean;
  discard: null;
  publish: Publication;
  unrecorded: readonly Publication[];
  recorded: null;
  digest: readonly TableDigest[];
  copy: null;
  close: null;
}

export type ToJobTables =
  | { readonly kind: 'task'; readonly id: number; readonly task: JobTablesTask }
  | { readonly kind: 'read'; readonly id: number; readonly read: { readonly kind: 'query'; readonly sql: string } }
  | { readonly kind: 'next'; readonly id: number }
  | { readonly kind: 'cancel'; readonly id: number };

export type FromJobTables =
  | { readonly kind: 'done'; readonly id: number; readonly result: JobTablesResults[JobTablesTask['kind']] }
  | { readonly kind: 'rows'; readonly id: number; readonly rows: readonly Row[] }
  | { readonly kind: 'end'; readonly id: number }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string };
