/** The stores of a pipeline, each in a process of its own: a slow, damaged or absent one is nothing to the others. */
import type { StoreDriver } from '../projections/driver.ts';
import { STORE_DRIVERS } from '../projections/drivers.ts';
import { StoreIsOff } from '../projections/store.ts';
import type { DeclaredStore } from '../projections/store-tables.ts';
import { type StoreProcess, startStore } from './store-process.ts';
import type { ProcessUsage } from './store-protocol.ts';

export interface Stores {
  /** Those that are on, in the order of their drivers. */
  readonly all: readonly StoreProcess[];
  /** Throws a StoreIsOff. */
  of(name: string): StoreProcess;
  /** Of all their processes. */
  usage(): ProcessUsage;
  close(): Promise<void>;
}

/** Starts the processes of these stores. */
export function startStores(drivers: readonly StoreDriver[]): Stores {
  return storesOf(drivers.map((driver) => startStore(driver)));
}

/** Those of these names that every pipeline has, and those that the file declares, whose code is loaded where there are some. */
export async function driversOf(names: readonly string[], declared: readonly Declared[] = []): Promise<StoreDriver[]> {
  const own = STORE_DRIVERS.filter(({ name }) => names.includes(name));
  if (declared.length === 0) return own;
  const { declaredDriver } = await import('../stores/adapters.ts');
  return [...own, ...declared.map(({ kind, name }) => declaredDriver(kind, name))];
}

type Declared = Pick<DeclaredStore, 'kind' | 'name'>;

export function storesOf(all: readonly StoreProcess[]): Stores {
  return {
    all,
    of(name) {
      const found = all.find((store) => store.name === name);
      if (found === undefined) throw new StoreIsOff(name);
      return found;
    },
    usage() {
      const usages = all.map((store) => store.usage());
      const sum = (of: (usage: ProcessUsage) => number): number => usages.reduce((total, one) => total + of(one), 0);
      return { rssBytes: sum(({ rssBytes }) => rssBytes), cpuMicros: sum(({ cpuMicros }) => cpuMicros) };
    },
    async close() {
      await Promise.all(all.map((store) => store.close()));
    },
  };
}
