/** The driver of a lake. DuckDB is loaded when it is opened: the process of the service opens none. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openPlace } from '../../places/open-place.ts';
import type { StoreDriver } from '../../projections/driver.ts';
import type { TableShapes } from '../../projections/table-shapes.ts';
import { LAKE_MANIFEST } from './manifest.ts';
import type { OpenedLake } from './options.ts';

/** Pauses between two attempts. */
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 30_000;

export function lakeDriver(name: string, own: (shapes: TableShapes) => OpenedLake): StoreDriver {
  const witness = `store-${name}.json`;
  return {
    name,
    kind: 'lake',
    label: `Lake: ${name}`,
    files: [],
    // What is wrong there is for people to mend: it may be all that is left of pruned events.
    damage: /(?!)/,
    dialect: {
      instant: (column) => `epoch_ms(${column})`,
      beginning: (column, characters) => `left(${column}::VARCHAR, ${characters})`,
    },
    cannotHold: () => 'a store of the pipeline file has the tables that it names',
    async open({ dataDir, shapes, owner }) {
      const { openLake } = await import('./store.ts');
      const lake = own(shapes);
      const place = openPlace(lake.path, process.env, LAKE_MANIFEST);
      const directory = join(dataDir, `lake-${name}`);
      return openLake({ name, place, lake, owner, directory, witness: join(dataDir, witness) });
    },
    async erase({ dataDir, shapes }) {
      const { eraseLake } = await import('./open-lake.ts');
      await eraseLake(openPlace(own(shapes).path, process.env, LAKE_MANIFEST));
      rmSync(join(dataDir, witness), { force: true });
    },
    room: null,
    // As of its last commit: the lake may be away, and the journal must not lose what it has not got.
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
