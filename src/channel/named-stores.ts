/** The stores that a pipeline file declares, for commands on a data directory that no service is running on. */
import type { Config } from '../config/config.ts';
import type { DeclaredStore } from '../projections/store-tables.ts';
import { savedTableShapes } from '../projections/table-shapes.ts';

/**
 * The stores with their secrets where there is a configuration. Without one, the stores are those that the data directory
 * last ran with. Their secrets are not kept, so the environment has to have them, such as PGPASSWORD.
 */
export async function namedStores(dataDir: string, config: Config | null): Promise<readonly DeclaredStore[]> {
  if (config === null) return savedTableShapes(dataDir).declared ?? [];
  const { tableShapes } = await import('../service/read-models.ts');
  return tableShapes(config).declared ?? [];
}
