/**
 * The driver of a store: all that anybody has to know to keep it, ask it and rebuild it. A store is this object, in a file of
 * its own, and a line in drivers.ts; one that the pipeline file declares has its line in stores/adapters.ts. Native code is
 * loaded when a store is opened: the process of the service opens none.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Dialect, LongRead, Row, Store } from './store.ts';
import type { Table } from './table.ts';
import type { TableShapes } from './table-shapes.ts';

/** What a store is opened with. */
export interface StorePlace {
  /** Its files are here, if it has any. */
  readonly dataDir: string;
  /** Its own tables, of all that there are. */
  readonly tables: readonly Table[];
  readonly shapes: TableShapes;
  /** The data directory that it belongs to; see owner.ts. */
  readonly owner: number;
  readonly room: StoreRoom | null;
}

/** The memory of a store that must be told how much it may have. */
export interface StoreRoom {
  memoryBytes(): number;
  /** Of a transaction for which so many were wanted. */
  events(wanted: number): number;
  /** Whether there was more to give. The store must then be opened anew. */
  grow(): boolean;
  /** Whether it had too little, by what it says. */
  isShort(error: unknown): boolean;
}

export interface StoreDriver {
  readonly name: string;
  /** Of a store that the pipeline file declares; null for one that every pipeline has. */
  readonly kind: string | null;
  /** For people. */
  readonly label: string;
  /** Its files in the data directory, the one that is opened first; none of a store that is kept elsewhere. */
  readonly files: readonly string[];
  readonly dialect: Dialect;
  /** What it says of a file that is not what it wrote. */
  readonly damage: RegExp;
  /** Why it can't hold a table, for people; null when it can. */
  cannotHold(table: Table): string | null;
  /** Opens or creates it. A file of another version or owner, or a damaged one, is replaced by an empty one. */
  open(place: StorePlace): Promise<Store>;
  /** Takes away what it holds of this data directory, while it is not open: the next opening finds nothing. */
  erase(place: Pick<StorePlace, 'dataDir' | 'shapes' | 'owner'>): Promise<void>;
  /** Null where it needs no more than what a query asks for. */
  room: ((tables: readonly Table[], shapes: TableShapes, startBytes?: number) => StoreRoom) | null;
  /** Next offset by log, without opening it for good: a witness of the journal. Empty when there is none to be had. */
  offsets(dataDir: string, owner: number | null): Promise<ReadonlyMap<string, number>>;
  /**
   * Long reads in a process of their own, which is ended with them, for a store whose queries nothing can interrupt. Null
   * where the open store reads beside its transactions.
   */
  readonly readApart:
    | ((place: Omit<StorePlace, 'owner' | 'room'>, read: LongRead) => AsyncGenerator<readonly Row[]>)
    | null;
  /**
   * How long to wait before it is tried again after so many failures in a row, in ms: of a store that somebody else runs, which
   * may be away for long and mends by itself. Null where a failure is one of this process or its disk.
   */
  readonly retryMs: ((failures: number) => number) | null;
}

/** The file that a store opens. Throws for one that has none. */
export function fileOf({ name, files: [file] }: Pick<StoreDriver, 'name' | 'files'>, dataDir: string): string {
  if (file === undefined) throw new Error(`The store ${name} has no file`);
  return join(dataDir, file);
}

export function eraseFiles({ files }: Pick<StoreDriver, 'files'>, dataDir: string): void {
  for (const file of files) rmSync(join(dataDir, file), { force: true });
}

/** The tables that are its own. */
export function tablesOf({ name }: Pick<StoreDriver, 'name'>, tables: readonly Table[]): Table[] {
  return tables.filter(({ store }) => store === name);
}
