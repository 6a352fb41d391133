/** The part of a log that is removed once a snapshot of its partition is saved, by `journal.retention` and `journal.tier`. */
import type { Config } from '../config/config.ts';
import { holdsOf, pruneLog, WITHOUT_BOUND, waitingSinks } from '../data-directory/retention.ts';
import type { Logger } from '../logger.ts';
import { exchangedOffset } from './exchange.ts';
import type { OperationsSnapshots } from './operations-state.ts';
import type { Pipeline } from './pipeline.ts';
import type { Platform } from './platform.ts';
import type { ReadModels } from './read-models.ts';
import type { SinkPositionsLog } from './sink-positions.ts';
import type { Tiering } from './tiering.ts';

interface Running {
  readonly pipeline: Pipeline;
  readonly readModels: ReadModels;
  readonly sinkPositions: SinkPositionsLog;
  readonly operationsSnapshots: OperationsSnapshots;
  readonly tiering: Tiering | null;
}

export async function retain(
  log: string,
  running: Running,
  config: Config,
  platform: Platform,
  logger: Logger,
): Promise<void> {
  const { retention } = config.journal;
  const { pipeline, operationsSnapshots, tiering } = running;
  if (pipeline.operations.units.some((unit) => unit.log.name === log)) await operationsSnapshots.saveWhenDue();
  if (retention.ageMs !== null || retention.maxBytes !== null) {
    const act = (): Promise<void> => pruneOne(log, running, config, platform, logger);
    await (tiering === null ? act() : tiering.beside(log, act));
  }
  tiering?.wake(log);
}

async function pruneOne(
  log: string,
  { pipeline, readModels, sinkPositions, operationsSnapshots }: Running,
  config: Config,
  platform: Platform,
  logger: Logger,
): Promise<void> {
  const { retention } = config.journal;
  const pruned = pruneLog(log, {
    journal: pipeline.journalPlace,
    retention,
    waiters: [
      { who: 'an exchange', from: exchangedOffset(pipeline.exchanges, log), hold: WITHOUT_BOUND },
      { who: 'a read model', from: readModels.keptOffset(log), hold: holdsOf(config).stores },
      ...waitingSinks(sinkPositions.needs(log), holdsOf(config)),
    ],
    operationsFrom: operationsSnapshots.offset(),
    nowMs: platform.nowMs(),
    isDryRun: false,
    ...platform.disk,
  });
  await pruned.then(
    ({ segments }) => segments.length > 0 && logger.info({ log, segments: segments.length }, 'old segments went'),
    (error: Error) => logger.warn({ log, error: error.message }, 'old segments could not be pruned; tried again'),
  );
}
