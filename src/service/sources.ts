/** The sources that the configuration names, each as a supervised child of its stream. */
import type { ChildSpec } from '../actors/supervisor.ts';
import type { ServiceCore } from '../service.ts';
import { SOURCES } from '../sources/adapters.ts';
import { readInThread } from './file-input.ts';
import { sourceChild } from './source-child.ts';

/** Children for the sources that run by themselves; HTTP and jobs deliver from elsewhere. */
export function sourceChildren({ pipeline, platform: { nowMs, sleep } }: ServiceCore): ChildSpec[] {
  const host = { nowMs, sleep, readInput: readInThread };
  return [...pipeline.streams.values()].flatMap(({ config, eventType, intake, units }) => {
    if (config === null) return [];
    const stream = { schema: eventType.schema, key: config.key, format: config.format };
    const opened = SOURCES.flatMap((adapter) => adapter.open(config.source, stream, host) ?? []);
    return opened.map((source) => sourceChild(source, intake, units).spec);
  });
}
