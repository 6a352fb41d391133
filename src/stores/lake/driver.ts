/** The driver of a lake. DuckDB is loaded when it is opened: the process of the service opens none. */
import { join } from 'node:path';
import { openPlace } from '../../places/open-place.ts';
import type { StoreDriver } from '../../projections/driver.ts';
import type { TableShapes } from '../../projections/table-shapes.ts';
import { elsewhereDriver } from '../elsewhere.ts';
import { LAKE_MANIFEST } from './manifest.ts';
import type { OpenedLake } from './options.ts';

export function lakeDriver(name: string, own: (shapes: TableShapes) => OpenedLake): StoreDriver {
  return elsewhereDriver({
    name,
    kind: 'lake',
    label: `Lake: ${name}`,
    dialect: {
      instant: (column) => `epoch_ms(${column})`,
      beginning: (column, characters) => `left(${column}::VARCHAR, ${characters})`,
    },
    async open({ dataDir, shapes, owner }, witness) {
      const { openLake } = await import('./store.ts');
      const lake = own(shapes);
      const place = openPlace(lake.path, process.env, LAKE_MANIFEST);
      return openLake({ name, place, lake, owner, directory: join(dataDir, `lake-${name}`), witness });
    },
    async erase({ shapes }) {
      const { eraseLake } = await import('./open-lake.ts');
      await eraseLake(openPlace(own(shapes).path, process.env, LAKE_MANIFEST));
    },
  });
}
