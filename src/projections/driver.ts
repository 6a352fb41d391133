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
  /** The directory that its files are in, if it has any. */
  readonly dataDir: string;
  /** The store's own tables, chosen from all tables. */
  readonly tables: readonly Table[];
  readonly shapes: TableShapes;
  /** The number of the data directory that the store belongs to; see owner.ts. */
  readonly owner: number;
  readonly room: StoreRoom | null;
}

/** The memory of a store that must be told how much it may use. */
export interface StoreRoom {
  memoryBytes(): number;
  /** How many events a transaction may have of those that are wanted. */
  events(wanted: number): number;
  /** Takes more memory. False when there was no more to take. The store must be opened anew to use it. */
  grow(): boolean;
  /** Whether the error says that the store had too little memory. */
  isShort(error: unknown): boolean;
}

export interface StoreDriver {
  readonly name: string;
  /** The kind of a store that the pipeline file declares; null for one that every pipeline has. */
  readonly kind: string | null;
  /** The store's name for people. */
  readonly label: string;
  /**
   * The store's files in the data directory, the one that is opened first; empty for a store that is kept elsewhere.
   */
  readonly files: readonly string[];
  readonly dialect: Dialect;
  /** What the store's errors say of a file that is not what it wrote. */
  readonly damage: RegExp;
  /** Why the store can't hold a table, for people; null when it can. */
  cannotHold(table: Table): string | null;
  /** Opens or creates the store. A file of another version or owner, or a damaged one, is replaced by an empty one. */
  open(place: StorePlace): Promise<Store>;
  /** Removes what the closed store holds of this data directory. The next opening finds nothing. */
  erase(place: Pick<StorePlace, 'dataDir' | 'shapes' | 'owner'>): Promise<void>;
  /** Memory for a store that must be told; null where only queries need memory. */
  room: ((tables: readonly Table[], shapes: TableShapes, startBytes?: number) => StoreRoom) | null;
  /**
   * The next offset of each log, as a witness of the journal. The store is not opened for good. Empty when the store
   * can't be asked.
   */
  offsets(dataDir: string, owner: number | null): Promise<ReadonlyMap<string, number>>;
  /**
   * Long reads in a process of their own, which ends with them, for a store whose queries nothing can interrupt. Null
   * where the open store reads beside its transactions.
   */
  readonly readApart:
    | ((place: Omit<StorePlace, 'owner' | 'room'>, read: LongRead) => AsyncGenerator<readonly Row[]>)
    | null;
  /**
   * How many ms to wait after so many failures in a row. Somebody else runs such a store, which may be away for long
   * and come back by itself. Null where a failure is one of this process or its disk.
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

/** The tables of a store, chosen from all tables. */
export function tablesOf({ name }: Pick<StoreDriver, 'name'>, tables: readonly Table[]): Table[] {
  return tables.filter(({ store }) => store === name);
}
