/** Every store that there is, by its driver: in this order they are opened, asked and shown. */
import type { StoreDriver } from './driver.ts';
import { duckdbDriver } from './duckdb-driver.ts';
import { sqliteDriver } from './sqlite-driver.ts';

export const STORE_DRIVERS: readonly StoreDriver[] = [sqliteDriver, duckdbDriver];

export const STORE_NAMES: readonly string[] = STORE_DRIVERS.map(({ name }) => name);

/** Throws for a name that is no store's. */
export function driverOf(name: string): StoreDriver {
  const driver = STORE_DRIVERS.find((candidate) => candidate.name === name);
  if (driver === undefined) throw new Error(`There is no store ${name}; there are ${STORE_NAMES.join(' and ')}`);
  return driver;
}
