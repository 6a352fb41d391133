/**
 * What the inputs of one partition come to without a journal, a queue, an actor that fails or a restart: the fault-free
 * run. Whoever uses it cuts the input in another way, so that it also says whether results depend on the batches.
 */
import { createActor } from 'xstate';
import { deriverMachine } from '../../src/actors/deriver.ts';
import type { Block } from '../../src/messages/block.ts';
import type { Section } from '../../src/messages/commit.ts';
import type { Registry } from '../../src/messages/registry.ts';
import { exchangedBlockType } from '../../src/messages/types.ts';
import { OPERATOR_KINDS } from '../../src/operator-kinds/kinds.ts';
import { createPartitionFold, type Derivation, derivationTypes } from '../../src/partition/derivation.ts';
import { withoutHangs } from './hang.ts';

export interface FaultFree {
  /** What a few more inputs derive. */
  apply(block: Block): readonly Section[];
}

export function createFaultFree(derivation: Derivation, partitionIndex: number, registry: Registry): FaultFree {
  // The log may have sums of events; this one sums up nothing of what it is given.
  const { sumsUp: _, ...plain } = derivation;
  const types = derivationTypes(plain, OPERATOR_KINDS);
  for (const type of types.inputs) registry.add(type);
  const { partition, operators } = createPartitionFold(plain, types, partitionIndex, registry);
  // provide() makes a machine of its own: no crash that is meant for the service's reaches it.
  const actor = createActor(deriverMachine.provide({}), { input: { operators } }).start();
  let next = 0;
  return {
    apply(block) {
      next += 1;
      const batch = { source: '', next, blocks: [block] };
      const { commit } = withoutHangs(() => partition.apply(batch, (steps) => actor.send({ type: 'APPLY', steps }), 0));
      return commit.sections.filter(({ role }) => role === 'derived');
    },
  };
}

/** A block of a log, as the only partition of an exchange takes it in. */
export function exchanged(log: string, { fingerprint, count, bytes }: Block): Block {
  const block = Buffer.from(bytes);
  return exchangedBlockType.encodeBlock([{ log, before: [], fingerprint, count, block, seen: Buffer.alloc(0) }]);
}
