/** The kinds of store that a pipeline file may declare, in the order in which its schema names them: one line each. */
import type { StoreDriver } from '../projections/driver.ts';
import type { DeclaredStore } from '../projections/store-tables.ts';
import type { StoreAdapter } from './adapter.ts';
import { lakeStore } from './lake/adapter.ts';
import { postgresStore } from './postgres/adapter.ts';

export const STORES: readonly StoreAdapter[] = [postgresStore, lakeStore];

/** Throws for a kind that there is not. */
export function declaredDriver(kind: string, name: string): StoreDriver {
  for (const adapter of STORES) {
    const driver = adapter.driver(kind, name);
    if (driver !== null) return driver;
  }
  throw new Error(`There is no kind of store ${kind}`);
}

/** The store without its secrets. */
export function withoutSecrets<Store extends Pick<DeclaredStore, 'kind'>>(store: Store): Store {
  return STORES.reduce((left, adapter) => adapter.redact(left), store);
}
