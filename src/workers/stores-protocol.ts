/** What passes between the service and the thread that holds the read models. Every value is structured-cloneable. */
import type { LogRange, Projected } from '../projections/projector.ts';
import type { ReadModel } from '../projections/read-models.ts';
import type { Row, StoreName, TableDigest } from '../projections/store.ts';
import type { TableShapes } from '../projections/table-shapes.ts';

export interface OpenStores {
  readonly kind: 'open';
  readonly dataDir: string;
  readonly stores: readonly StoreName[];
  readonly tables: TableShapes;
}

export type StoresTask =
  | OpenStores
  | { readonly kind: 'project'; readonly ranges: readonly LogRange[]; readonly maxEvents: number }
  | { readonly kind: 'rows'; readonly model: ReadModel; readonly limit: number }
  | { readonly kind: 'streamRows'; readonly stream: string; readonly limit: number }
  | { readonly kind: 'streamKey'; readonly stream: string; readonly key: string }
  | { readonly kind: 'query'; readonly store: StoreName; readonly sql: string }
  | { readonly kind: 'digest' }
  | { readonly kind: 'close' };

export interface StoresResults {
  open: Readonly<Record<StoreName, Readonly<Record<string, number>>>>;
  project: Projected;
  rows: readonly Row[];
  streamRows: readonly Row[];
  /** None when there is no such key. */
  streamKey: readonly Row[];
  query: readonly Row[];
  digest: readonly (TableDigest & { readonly store: StoreName })[];
  close: null;
}
