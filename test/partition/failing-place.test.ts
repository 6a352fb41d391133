/** Where in a log the event is that an operator of a user fails on. */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { BUILTIN_TYPES } from '../../src/builtin-types.ts';
import { dynamicEventType } from '../../src/messages/codec.ts';
import { createRegistry } from '../../src/messages/registry.ts';
import { exchangedBlockType, flushType } from '../../src/messages/types.ts';
import { OPERATOR_KINDS } from '../../src/operator-kinds/kinds.ts';
import { createPartitionFold, type Derivation, derivationTypes, deriveAll } from '../../src/partition/derivation.ts';
import { loadUserModule } from '../../src/user-code/load-module.ts';
import { userOperatorKind } from '../../src/user-code/user-operator-kind.ts';

const MODULE = fileURLToPath(new URL('../fixtures/operators/alone.js', import.meta.url));
const clickType = dynamicEventType({
  type: 'record',
  name: 'Click',
  fields: [
    { name: 'userId', type: 'string' },
    { name: 'occurredAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'amount', type: 'long' },
  ],
});
const clicks = (...amounts: readonly number[]) =>
  clickType.encodeBlock(amounts.map((amount) => ({ userId: 'a', occurredAt: 1000, amount })));

function failureOf(channels: readonly string[], blocks: Parameters<typeof apply>[1]): () => unknown {
  return () => apply(channels, blocks);
}

function apply(channels: readonly string[], blocks: readonly ReturnType<typeof clicks>[]) {
  const { sha256 } = loadUserModule(MODULE);
  const operator = userOperatorKind.of('own', {
    ...{ module: MODULE, sha256, input: { clicks: 'userId' }, keyType: 'string' as const, options: {} },
    ...{ order: 'arrival' as const, ttlMs: null, onError: 'fail' as const },
  });
  const watermark = { kind: 'bounded' as const, outOfOrdernessMs: 0, idleTimeoutMs: null, maxAheadMs: null };
  const input = { stream: 'clicks', schema: clickType.schema, timeField: 'occurredAt', watermark, channels };
  const derivation: Derivation = { stream: 'own-log', inputs: [input], operators: [operator] };
  const types = derivationTypes(derivation, OPERATOR_KINDS);
  const registry = createRegistry(BUILTIN_TYPES);
  for (const type of types.inputs) registry.add(type);
  const fold = createPartitionFold(derivation, types, 3, registry);
  return fold.partition.apply({ source: 'x', next: 1, blocks }, (steps) => deriveAll(fold, steps), 0, 40);
}

test('is the offset that it takes in the log of the partition', () => {
  const flush = flushType.encodeBlock([{ reason: 'end-of-input' }]);
  expect(failureOf([], [clicks(1, 2), flush, clicks(3, 14)])).toThrow(
    'The operator own failed on an event of clicks of 1970-01-01T00:00:01.000Z, offset 44 of own-log-3: 14 is refused',
  );
});

test('is that of the event which brought it, behind an exchange', () => {
  const exchanged = [clicks(1), clicks(2, 14)].map(({ fingerprint, count, bytes }) => {
    return { log: 'clicks-0', before: [], fingerprint, count, block: Buffer.from(bytes), seen: Buffer.alloc(0) };
  });
  expect(failureOf(['clicks-0'], [exchangedBlockType.encodeBlock(exchanged)])).toThrow(', offset 41 of own-log-3: ');
});
