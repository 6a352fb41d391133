/**
 * Results by another pipeline file over what the journal has, beside the live ones: logs of streams are derived anew, then a service
 * without sources, jobs and sinks runs that file on them, which fills exchanges and read models. The live service is only read.
 */
import { holdEnds } from '../channel/backup-hold.ts';
import type { Config } from '../config/config.ts';
import type { Logger } from '../logger.ts';
import { startService } from '../service.ts';
import type { ResultsFrom } from './cuts.ts';
import { type ReprocessedLogs, reprocessLogs } from './logs.ts';
import { reprocessedDir } from './place.ts';

export interface ReprocessRequest extends ResultsFrom {
  readonly config: Config;
  /** As an absolute path. */
  readonly configFile: string;
  readonly dataDir: string;
  readonly name: string;
  readonly logger: Logger;
  onTotal(events: number): void;
  onEvents(events: number): void;
}

export interface Reprocessed extends ReprocessedLogs {
  /** The data directory of the results. */
  readonly directory: string;
}

/** Up to what is durable when it begins. Called again with the same file, it goes on from there. */
export async function reprocess(request: ReprocessRequest): Promise<Reprocessed> {
  const held = await holdEnds(request.dataDir);
  try {
    return await reprocessUpTo(request, held.ends);
  } finally {
    await held.release();
  }
}

/** `ends`: one past the last event that is read, by log. Nothing of the journal goes meanwhile. */
export async function reprocessUpTo(
  request: ReprocessRequest,
  ends: ReadonlyMap<string, number>,
): Promise<Reprocessed> {
  const { config, dataDir, name, logger } = request;
  request.onTotal(config.streams.reduce((sum, stream) => sum + endOf(stream.name, stream.partitions, ends), 0));
  const made = await reprocessLogs({ ...request, ends });
  const directory = reprocessedDir(dataDir, name);
  await fill(
    { ...config, dataDir: directory, sinks: [], jobs: [], stores: { ...config.stores, declared: [] } },
    logger,
  );
  return { directory, ...made };
}

function endOf(stream: string, partitions: number, ends: ReadonlyMap<string, number>): number {
  let events = 0;
  for (let partition = 0; partition < partitions; partition++) events += ends.get(`${stream}-${partition}`) ?? 0;
  return events;
}

async function fill(config: Config, logger: Logger): Promise<void> {
  const service = await startService({ config, logger, version: '', attach: () => [] });
  const settled = service.ready.then(() => service.settled()).then(() => null);
  const failure = await Promise.race([settled, service.failed]);
  await service.stop();
  if (failure !== null) throw failure;
}
