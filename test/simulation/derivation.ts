/**
 * What the inputs of one partition come to without a journal, a queue, an actor that fails or a restart: the fault-free
 * run. Whoever uses it cuts the input in another way, so that it also says whether results depend on the batches.
 */
import { createActor } from 'xstate';
import { fraudSessionMachine } from '../../src/actors/fraud-session.ts';
import { windowAggregatorMachine } from '../../src/actors/window-aggregator.ts';
import type { Config, StreamConfig } from '../../src/config/config.ts';
import { createFraudDetector } from '../../src/fraud/detector.ts';
import type { Block } from '../../src/messages/block.ts';
import { dynamicEventType } from '../../src/messages/codec.ts';
import type { Section } from '../../src/messages/commit.ts';
import type { Registry } from '../../src/messages/registry.ts';
import { createPartition, type PartitionSpec } from '../../src/partition/partition.ts';
import type { Work } from '../../src/partition/work.ts';
import { windowSpecOf } from '../../src/service/derivation-history.ts';
import { createWindows } from '../../src/streams/windows.ts';
import { WINDOW_TYPES } from './results.ts';

export interface Derivation {
  /** What a few more inputs derive. */
  apply(block: Block): readonly Section[];
}

export function createDerivation(
  config: Config,
  stream: StreamConfig,
  partitionIndex: number,
  registry: Registry,
): Derivation {
  const spec: PartitionSpec = {
    stream: stream.name,
    partition: partitionIndex,
    eventType: dynamicEventType(stream.schema),
    timeField: stream.eventTime,
    watermark: stream.watermark,
    channels: [],
    windows: WINDOW_TYPES,
  };
  registry.add(spec.eventType);
  const partition = createPartition(spec, registry);
  const operators = config.windows
    .filter((window) => window.stream === stream.name)
    .map((window) => createWindows(windowSpecOf(window)));
  const { fraud } = config;
  const detector = fraud?.stream === stream.name ? createFraudDetector(fraud) : null;
  // provide() makes machines of their own: no crash that is meant for the service's reaches them.
  const aggregator = createActor(windowAggregatorMachine.provide({}), { input: { operators } }).start();
  const session =
    detector === null ? null : createActor(fraudSessionMachine.provide({}), { input: { detector } }).start();
  const derive = (work: Work): void => {
    aggregator.send({ type: 'APPLY', work });
    session?.send({ type: 'APPLY', work });
  };
  let next = 0;
  return {
    apply(block) {
      next += 1;
      const { commit } = partition.apply({ source: '', next, blocks: [block] }, derive, 0);
      return commit.sections.filter(({ role }) => role === 'derived');
    },
  };
}
