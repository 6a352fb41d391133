/** The driver of a PostgreSQL store. Its client is loaded when it is opened: the process of the service opens none. */
import type { StoreDriver } from '../../projections/driver.ts';
import type { TableShapes } from '../../projections/table-shapes.ts';
import { elsewhereDriver } from '../elsewhere.ts';
import type { PostgresStore } from './options.ts';

export function postgresDriver(name: string, own: (shapes: TableShapes) => PostgresStore): StoreDriver {
  return elsewhereDriver({
    name,
    kind: 'postgres',
    label: `PostgreSQL: ${name}`,
    dialect: {
      instant: (column) => `(extract(epoch FROM ${column}) * 1000)::bigint`,
      beginning: (column, characters) => `left(${column}::text, ${characters})`,
    },
    async open({ shapes, owner }, witness) {
      const { openPostgres } = await import('./store.ts');
      return openPostgres(name, own(shapes), owner, witness);
    },
    async erase({ shapes }) {
      const { erasePostgres } = await import('./erase.ts');
      await erasePostgres(own(shapes));
    },
  });
}
