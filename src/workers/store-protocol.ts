/** What passes between the service and the process of a store. Every value is structured-cloneable. */
import type { JournalPlace } from '../journal/open-reader.ts';
import type { AppendedResults } from '../projections/live-results.ts';
import type { LogRange, Projected, TransactionSize } from '../projections/projector.ts';
import type { ResultPage, ResultQuery } from '../projections/result-pages.ts';
import type { LongRead, Row, TableDigest } from '../projections/store.ts';
import type { TableShapes } from '../projections/table-shapes.ts';
import type { Totals } from '../projections/totals.ts';

export interface OpenStore {
  readonly kind: 'open';
  readonly dataDir: string;
  readonly journal: JournalPlace;
  /** Of the data directory; see owner.ts. */
  readonly owner: number;
  readonly tables: TableShapes;
  /** What a store that must be told may hold at first; else what its tables are likely to need. */
  readonly memoryBytes?: number;
  /** Its files are not to be trusted, whatever they look like. */
  readonly rebuild?: boolean;
}

export type StoreTask =
  | OpenStore
  | ({ readonly kind: 'project'; readonly ranges: readonly LogRange[] } & TransactionSize)
  | { readonly kind: 'rows'; readonly table: string; readonly limit: number }
  | { readonly kind: 'streamRows'; readonly stream: string; readonly limit: number }
  | { readonly kind: 'streamKey'; readonly stream: string; readonly key: string }
  | { readonly kind: 'results'; readonly query: ResultQuery }
  | {
      readonly kind: 'appendedResults';
      readonly seen: Readonly<Record<string, number>> | null;
      readonly limit: number;
    }
  | { readonly kind: 'totals'; readonly hasDeclared: boolean }
  | { readonly kind: 'query'; readonly sql: string }
  | { readonly kind: 'digest' }
  /** A copy of the store's file as it stands between two transactions. */
  | { readonly kind: 'copy'; readonly to: string }
  | { readonly kind: 'verify' }
  | { readonly kind: 'close' };

export interface StoreResults {
  /** Where it stands, by log. */
  open: Readonly<Record<string, number>>;
  project: Projected;
  rows: readonly Row[];
  streamRows: readonly Row[];
  /** None when there is no such key. */
  streamKey: readonly Row[];
  results: ResultPage;
  appendedResults: AppendedResults;
  totals: Totals;
  query: readonly Row[];
  digest: readonly TableDigest[];
  copy: null;
  /** Why it is damaged, when it is: the next `open` makes it anew. */
  verify: string | null;
  close: null;
}

/** A read in a process of its own: of the store's file, as these tables make it. */
export interface FileRead {
  readonly store: string;
  readonly dataDir: string;
  readonly tables: TableShapes;
  readonly read: LongRead;
}

/** What a process has used: memory at the moment, and processor time since its start. */
export interface ProcessUsage {
  readonly rssBytes: number;
  readonly cpuMicros: number;
}

/** Each with an id has one answer of the same id; `next` asks a read for more rows, and `cancel` has no answer. */
export type ToStore =
  | { readonly kind: 'task'; readonly id: number; readonly task: StoreTask }
  | { readonly kind: 'read'; readonly id: number; readonly read: LongRead | FileRead }
  | { readonly kind: 'next'; readonly id: number }
  | { readonly kind: 'cancel'; readonly id: number };

export type FromStore =
  | {
      readonly kind: 'done';
      readonly id: number;
      readonly result: StoreResults[StoreTask['kind']];
      readonly usage: ProcessUsage;
    }
  | { readonly kind: 'rows'; readonly id: number; readonly rows: readonly Row[] }
  | { readonly kind: 'end'; readonly id: number }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string };
