/** A batch that derives more than a commit may hold, against its events applied one by one. */
import { expect, test } from 'vitest';
import { BUILTIN_TYPES } from '../../src/builtin-types.ts';
import { transactionType } from '../../src/fraud/types.ts';
import { createRegistry } from '../../src/messages/registry.ts';
import { OPERATOR_KINDS } from '../../src/operator-kinds/kinds.ts';
import { batchRows } from '../../src/partition/batch-rows.ts';
import { createPartitionFold, derivationTypes, deriveAll, type PartitionFold } from '../../src/partition/derivation.ts';
import { blocksOfPart, divide } from '../../src/partition/divide.ts';
import { derivationOfOne } from './one-input.ts';

/** Each event is in so many windows. */
const WINDOWS = 1000;
const BYTES_MAX = 200_000;
const HOPPING = derivationOfOne({
  stream: 's',
  schema: transactionType.schema,
  timeField: 'occurredAt',
  watermark: { kind: 'bounded', outOfOrdernessMs: 0 },
  windows: [
    {
      name: 'w',
      keyField: 'customerId',
      window: { kind: 'hopping', sizeMs: WINDOWS, everyMs: 1, offsetMs: 0 },
      allowedLatenessMs: 0,
      earlyMs: null,
      where: null,
      aggregates: [{ name: 'n', fn: 'count', field: null }],
    },
  ],
});
const EVENTS = 40;
const types = derivationTypes(HOPPING, OPERATOR_KINDS);
const registry = createRegistry(BUILTIN_TYPES);
for (const type of types.inputs) registry.add(type);
const newFold = (): PartitionFold => createPartitionFold(HOPPING, types, 0, registry);
const events = Array.from({ length: EVENTS }, (_, i) => ({
  transactionId: i,
  customerId: 1,
  terminalId: 1,
  amountCents: 1,
  occurredAt: i * 1_000_000_000,
}));

test('it goes on as the fewest halves that fit, and derives what its events do one by one', {
  timeout: 120_000,
}, () => {
  const batch = { source: 'x', next: EVENTS, blocks: [transactionType.encodeBlock(events)] };
  const apply = (fold: PartitionFold, blocks: typeof batch.blocks) =>
    fold.partition.apply({ ...batch, blocks: [...blocks] }, (steps) => deriveAll(fold, steps), 0);
  const parts = divide(batch, 0, newFold().snapshot(), newFold, registry.writerOf, BYTES_MAX);
  expect(parts.map(({ from }) => from)).toEqual([0, ...parts.slice(0, -1).map(({ to }) => to)]);
  expect(parts.at(-1)?.to).toBe(EVENTS);
  expect(parts.every(({ failing }) => failing.length === 0)).toBe(true);
  expect(parts.length).toBeGreaterThan(1);
  expect(parts.length).toBeLessThanOrEqual(8);

  const rows = batchRows(batch.blocks, batch, registry.writerOf);
  const divided = newFold();
  let derived = 0;
  for (const part of parts) {
    const { commit, events: taken, derived: summary } = apply(divided, blocksOfPart(rows, part, 's'));
    expect(taken).toBe(part.to - part.from);
    expect(commit.sections.reduce((sum, { bytes }) => sum + bytes.byteLength, 0)).toBeLessThan(BYTES_MAX);
    derived += summary.outputs[0]?.events ?? 0;
  }
  // All but the last event's windows have closed.
  expect(derived).toBe((EVENTS - 1) * WINDOWS);
});
