/**
 * What the inputs of one partition come to without a journal, a queue, an actor that fails or a restart: the fault-free
 * run. Whoever uses it cuts the input in another way, so that it also says whether results depend on the batches.
 */
import { createActor } from 'xstate';
import { fraudSessionMachine } from '../../src/actors/fraud-session.ts';
import { windowAggregatorMachine } from '../../src/actors/window-aggregator.ts';
import { createFraudDetector } from '../../src/fraud/detector.ts';
import type { Block } from '../../src/messages/block.ts';
import { dynamicEventType } from '../../src/messages/codec.ts';
import type { Section } from '../../src/messages/commit.ts';
import type { Registry } from '../../src/messages/registry.ts';
import { exchangedBlockType } from '../../src/messages/types.ts';
import type { Derivation } from '../../src/partition/derivation.ts';
import { createPartition } from '../../src/partition/partition.ts';
import type { Work } from '../../src/partition/work.ts';
import { createWindows } from '../../src/streams/window-operator.ts';
import { WINDOW_TYPES } from './results.ts';

export interface FaultFree {
  /** What a few more inputs derive. */
  apply(block: Block): readonly Section[];
}

export function createFaultFree(derivation: Derivation, partitionIndex: number, registry: Registry): FaultFree {
  const { stream, schema, timeField, watermark, channels = [], fraud } = derivation;
  const eventType = dynamicEventType(schema);
  registry.add(eventType);
  const partition = createPartition(
    {
      stream,
      partition: partitionIndex,
      eventType,
      timeField,
      watermark,
      channels,
      right: null,
      windows: WINDOW_TYPES,
      joined: null,
      selected: [],
      expectations: [],
    },
    registry,
  );
  const operators = derivation.windows.map((spec) => createWindows(spec));
  const detector = fraud === null ? null : createFraudDetector(fraud);
  // provide() makes machines of their own: no crash that is meant for the service's reaches them.
  const aggregator = createActor(windowAggregatorMachine.provide({}), {
    input: { operators, join: null, selections: [] },
  }).start();
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

/** A block of a log, as the only partition of an exchange takes it in. */
export function exchanged(log: string, { fingerprint, count, bytes }: Block): Block {
  const block = Buffer.from(bytes);
  return exchangedBlockType.encodeBlock([{ log, before: [], fingerprint, count, block, seen: Buffer.alloc(0) }]);
}
