/** The logs that a run leaves, for whoever makes read models of them. */
import type { Config } from '../../src/config/config.ts';
import { exchangesOf } from '../../src/data-directory/exchanges.ts';
import type { SyncFs } from '../../src/journal/sync-fs.ts';
import { OPERATIONS } from '../../src/messages/operations.ts';
import type { LogRange } from '../../src/projections/projector.ts';
import { renamed } from './disk.ts';
import type { Oracle } from './oracle.ts';
import { survivingFs } from './surviving-fs.ts';
import type { World } from './world.ts';

export interface Remains {
  readonly config: Config;
  readonly fs: SyncFs;
  /** On `fs`. */
  readonly dataDir: string;
  readonly ranges: readonly LogRange[];
  /** For files, on the real disk; it goes when the run is over. */
  readonly directory: string;
}

const DATA_DIR = '/remains';

export function remainsOf(world: World, config: Config, oracle: Oracle, directory: string): Remains {
  const exchanges = exchangesOf(config).map(({ exchange }) => exchange);
  const logs = [...config.streams, ...exchanges].flatMap(({ name, partitions }) =>
    Array.from({ length: partitions }, (_, partition) => `${name}-${partition}`),
  );
  return {
    config,
    fs: renamed(survivingFs(world.disk, config.journal.durability), DATA_DIR),
    dataDir: DATA_DIR,
    ranges: [`${OPERATIONS}-0`, ...logs]
      .map((log) => ({ log, toOffset: oracle.nextOffset(log) }))
      .filter(({ toOffset }) => toOffset > 0),
    directory,
  };
}
