/** A configuration for a data directory that is thrown away: nobody reads its stores, nor recovers its journal from a power cut. */
import type { Config } from '../config/config.ts';

export function unkept(config: Config): Config {
  return { ...config, stores: { ...config.stores, on: [] }, journal: { ...config.journal, durability: 'os' } };
}
