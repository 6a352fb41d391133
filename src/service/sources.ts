/** The sources that the configuration names, each as a supervised child of its stream. */
import type { ChildSpec } from '../actors/supervisor.ts';
import type { Config } from '../config/config.ts';
import type { StreamConfig } from '../config/sections/streams.ts';
import type { Logger } from '../logger.ts';
import { ownerOf } from '../projections/owner.ts';
import type { ServiceCore } from '../service.ts';
import type { SourceHost, SourceStream, Unreachable } from '../sources/adapter.ts';
import { SOURCES } from '../sources/adapters.ts';
import type { Source } from '../sources/source.ts';
import { readInThread } from './file-input.ts';
import type { Platform } from './platform.ts';
import { sourceChild } from './source-child.ts';

/** Children for the sources that run by themselves; HTTP and jobs deliver from elsewhere. */
export function sourceChildren({ pipeline, platform, config, logger, observer, tracing }: ServiceCore): ChildSpec[] {
  return [...pipeline.streams.values()].flatMap(({ config: stream, intake, units }) => {
    if (stream === null) return [];
    const host = { ...hostOf(config, stream, logger, platform), isTraced: tracing !== null };
    const opened = SOURCES.flatMap((adapter) => adapter.open(stream.source, streamOf(config, stream), host) ?? []);
    for (const source of opened) observer.watchSource(stream.name, source);
    return opened.map((source: Source) => sourceChild(source, intake, units).spec);
  });
}

/** Streams whose source chooses its partitions while it runs. */
export function assignedStreams({ streams }: Config): Set<string> {
  const assigned = streams.filter(({ source }) => SOURCES.some((adapter) => adapter.isAssigned(source)));
  return new Set(assigned.map(({ name }) => name));
}

/** The places that sources read from and that can't be reached. */
export async function unreachableSources(
  config: Config,
  logger: Logger,
  platform: Platform,
): Promise<readonly (Unreachable & { readonly who: string; readonly path: string })[]> {
  const found = await Promise.all(
    config.streams.flatMap((stream) =>
      SOURCES.map(async (adapter) => {
        const host = hostOf(config, stream, logger, platform);
        const problem = await adapter.reach(stream.source, streamOf(config, stream), host);
        const path = `streams.${stream.name}.source.${adapter.kind}`;
        return problem === null ? [] : [{ ...problem, who: `stream ${stream.name}`, path }];
      }),
    ),
  );
  return found.flat();
}

function streamOf(config: Config, stream: StreamConfig): SourceStream {
  const { name, schema, key, eventTime, partitions, format } = stream;
  return { name, schema, key, eventTime, partitions, format, kafka: config.kafka };
}

function hostOf(config: Config, { name }: StreamConfig, logger: Logger, { nowMs, sleep }: Platform): SourceHost {
  return {
    nowMs,
    sleep,
    readInput: readInThread,
    kafka: config.kafka,
    owner: () => ownerOf(config.dataDir),
    log: (line) => logger.warn({ stream: name }, line),
  };
}
