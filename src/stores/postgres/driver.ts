/** The driver of a PostgreSQL store. Its client is loaded when it is opened: the process of the service opens none. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { StoreDriver } from '../../projections/driver.ts';
import type { TableShapes } from '../../projections/table-shapes.ts';
import type { PostgresStore } from './options.ts';

/** Pauses between two attempts. */
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 30_000;

export function postgresDriver(name: string, own: (shapes: TableShapes) => PostgresStore): StoreDriver {
  const witness = `store-${name}.json`;
  return {
    name,
    kind: 'postgres',
    label: `PostgreSQL: ${name}`,
    files: [],
    // What is wrong there is somebody else's to mend.
    damage: /(?!)/,
    dialect: {
      instant: (column) => `(extract(epoch FROM ${column}) * 1000)::bigint`,
      beginning: (column, characters) => `left(${column}::text, ${characters})`,
    },
    cannotHold: () => 'a store of the pipeline file has the tables that it names',
    async open({ dataDir, shapes, owner }) {
      const { openPostgres } = await import('./store.ts');
      return openPostgres(name, own(shapes), owner, join(dataDir, witness));
    },
    async erase({ dataDir, shapes }) {
      const { erasePostgres } = await import('./erase.ts');
      await erasePostgres(own(shapes));
      rmSync(join(dataDir, witness), { force: true });
    },
    room: null,
    // As of its last commit: the server may be away, and the journal must not lose what it has not got.
    offsets: async (dataDir) => offsetsIn(join(dataDir, witness)),
    readApart: null,
    retryMs: (failures) => Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures, 10)),
  };
}

function offsetsIn(file: string): ReadonlyMap<string, number> {
  try {
    const offsets: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof offsets !== 'object' || offsets === null) return new Map();
    return new Map(Object.entries(offsets).map(([log, next]) => [log, Number(next)]));
  } catch {
    return new Map();
  }
}
