/** What passes between the service and the processes of the read models. Every value is structured-cloneable. */
import type { JournalPlace } from '../journal/open-reader.ts';
import type { CaseFile } from '../projections/case-file.ts';
import type { AppendedResults } from '../projections/live-results.ts';
import type { LogRange, Projected } from '../projections/projector.ts';
import type { ReadModel } from '../projections/read-models.ts';
import type { ResultPage, ResultQuery } from '../projections/result-pages.ts';
import type { Row, StoreName, TableDigest } from '../projections/store.ts';
import type { TableShapes } from '../projections/table-shapes.ts';
import type { Totals } from '../projections/totals.ts';

export interface OpenStores {
  readonly kind: 'open';
  readonly dataDir: string;
  readonly journal: JournalPlace;
  readonly stores: readonly StoreName[];
  readonly tables: TableShapes;
  /** What DuckDB may hold at first; else what its tables are likely to need. */
  readonly memoryBytes?: number;
  /** Stores whose files are not to be trusted, whatever they look like. */
  readonly rebuild?: readonly StoreName[];
}

export type StoresTask =
  | OpenStores
  | { readonly kind: 'project'; readonly ranges: readonly LogRange[]; readonly maxEvents: number }
  | { readonly kind: 'rows'; readonly model: ReadModel; readonly limit: number }
  | { readonly kind: 'streamRows'; readonly stream: string; readonly limit: number }
  | { readonly kind: 'streamKey'; readonly stream: string; readonly key: string }
  | { readonly kind: 'results'; readonly query: ResultQuery }
  | {
      readonly kind: 'appendedResults';
      readonly seen: Readonly<Record<string, number>> | null;
      readonly limit: number;
    }
  | { readonly kind: 'caseFile'; readonly caseId: string }
  | { readonly kind: 'totals' }
  | { readonly kind: 'query'; readonly store: StoreName; readonly sql: string }
  | { readonly kind: 'digest' }
  | { readonly kind: 'verify' }
  | { readonly kind: 'close' };

export interface StoresResults {
  open: Readonly<Record<StoreName, Readonly<Record<string, number>>>>;
  project: Projected;
  rows: readonly Row[];
  streamRows: readonly Row[];
  /** None when there is no such key. */
  streamKey: readonly Row[];
  results: ResultPage;
  appendedResults: AppendedResults;
  /** Null when there is no such case. */
  caseFile: CaseFile | null;
  totals: Totals;
  query: readonly Row[];
  digest: readonly (TableDigest & { readonly store: StoreName })[];
  /** Stores that are damaged: the next `open` makes them anew. */
  verify: readonly { readonly store: StoreName; readonly why: string }[];
  close: null;
}

/** A read of any length, whose rows come as they are asked for. Those of a digest are its tables. */
export type StoresRead =
  | { readonly kind: 'query'; readonly store: StoreName; readonly sql: string }
  | { readonly kind: 'digest'; readonly store: StoreName };

/** A read in a process of its own: of a file, as these tables make it. */
export interface FileRead {
  readonly file: string;
  readonly tables: TableShapes;
  readonly read: StoresRead;
}

/** What a process has used: memory at the moment, and processor time since its start. */
export interface ProcessUsage {
  readonly rssBytes: number;
  readonly cpuMicros: number;
}

/** Each with an id has one answer of the same id; `next` asks a read for more rows, and `cancel` has no answer. */
export type ToStores =
  | { readonly kind: 'task'; readonly id: number; readonly task: StoresTask }
  | { readonly kind: 'read'; readonly id: number; readonly read: StoresRead | FileRead }
  | { readonly kind: 'next'; readonly id: number }
  | { readonly kind: 'cancel'; readonly id: number };

export type FromStores =
  | {
      readonly kind: 'done';
      readonly id: number;
      readonly result: StoresResults[StoresTask['kind']];
      readonly usage: ProcessUsage;
    }
  | { readonly kind: 'rows'; readonly id: number; readonly rows: readonly Row[] }
  | { readonly kind: 'end'; readonly id: number }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string };
