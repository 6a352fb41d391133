/** The sources that the configuration names, each as a supervised child of its stream. */
import type { ChildSpec } from '../actors/supervisor.ts';
import type { GeneratorConfig } from '../config/sections/sources.ts';
import { dayOfTransaction, simulateDays } from '../fraud/simulator.ts';
import type { ServiceCore } from '../service.ts';
import { createGenerator } from '../sources/generator.ts';
import type { Source } from '../sources/source.ts';
import { partitionOf } from '../streams/partitioner.ts';
import { filesChild } from './file-input.ts';
import type { Platform } from './platform.ts';
import { sourceChild } from './source-child.ts';

/** HTTP and jobs deliver by themselves: only files and generators run. */
export function sourceChildren({ pipeline, platform }: ServiceCore): ChildSpec[] {
  return [...pipeline.streams.values()].flatMap((stream) => {
    const source = stream.config?.source;
    if (source?.kind === 'generator')
      return [sourceChild(generatorOf(source, platform), stream.intake, stream.units).spec];
    if (source?.kind === 'file') {
      return [filesChild(stream, [source.path], platform).child.spec];
    }
    return [];
  });
}

function generatorOf(config: GeneratorConfig, { nowMs, sleep }: Platform): Source {
  return createGenerator({
    name: `generator:${config.seed}`,
    daysFrom: (transactionId) => simulateDays(config, dayOfTransaction(config, transactionId)),
    ratePerSecond: config.ratePerSecond,
    partitionOf,
    nowMs,
    sleep,
  });
}
