/** The stores that a pipeline file declares, for commands on a data directory that no service is running on. */
import type { Config } from '../config/config.ts';
import type { DeclaredStore } from '../projections/store-tables.ts';
import { savedTableShapes } from '../projections/table-shapes.ts';
import { tableShapes } from '../service/read-models.ts';

/**
 * With their secrets where there is a configuration; else as the data directory last ran with, whose secrets are not kept: then
 * the environment has them, such as PGPASSWORD.
 */
export function namedStores(dataDir: string, config: Config | null): readonly DeclaredStore[] {
  return (config === null ? savedTableShapes(dataDir) : tableShapes(config)).declared ?? [];
}
