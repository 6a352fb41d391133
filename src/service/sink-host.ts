/** What a service lends to its sinks, and which receivers can't be reached when the service starts. */
import type { Config } from '../config/config.ts';
import type { SinkConfig } from '../config/sections/sinks.ts';
import type { Logger } from '../logger.ts';
import { ownerOf } from '../projections/owner.ts';
import type { SinkHost, Unreachable } from '../sinks/adapter.ts';
import { SINKS } from '../sinks/adapters.ts';
import type { Platform } from './platform.ts';

export function sinkHost(
  { name, delivery = 'at_least_once' }: SinkConfig,
  { kafka, dataDir }: Config,
  logger: Logger,
  { nowMs, sleep, http }: Platform,
  journalEnds: ReadonlyMap<string, number>,
): SinkHost {
  return {
    ...{ name, delivery, kafka, http, nowMs, sleep, journalEnds },
    write: (line) => logger.info({ sink: name }, line),
    log: (line) => logger.warn({ sink: name }, line),
    owner: () => ownerOf(dataDir),
  };
}

/** The sinks' receivers that can't be reached. */
export async function unreachableSinks(
  config: Config,
  logger: Logger,
  platform: Platform,
): Promise<readonly (Unreachable & { readonly who: string; readonly path: string })[]> {
  const found = await Promise.all(
    config.sinks.flatMap((sink) =>
      SINKS.map(async (adapter) => {
        const problem = await adapter.reach(sink, sinkHost(sink, config, logger, platform, new Map()));
        return problem === null
          ? []
          : [{ ...problem, who: `sink ${sink.name}`, path: `sinks.${sink.name}.${sink.kind}` }];
      }),
    ),
  );
  return found.flat();
}
