/** Any cut of a batch gives its rows, in their order, with what they say of where they came from. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BUILTIN_TYPES } from '../../src/builtin-types.ts';
import { transactionType } from '../../src/fraud/types.ts';
import { AS_JSON, createOriginWriter, type InputBlock } from '../../src/messages/origins.ts';
import { createRegistry } from '../../src/messages/registry.ts';
import { encodeSeen } from '../../src/messages/seen-times.ts';
import { deadLetterType, exchangedBlockType, tombstoneType } from '../../src/messages/types.ts';
import { batchRows } from '../../src/partition/batch-rows.ts';
import { blocksOfPart } from '../../src/partition/divide.ts';

const registry = createRegistry(BUILTIN_TYPES);
const { writerOf } = registry;
const BATCH = { source: 'x', next: 99 };

const transaction = (transactionId: number) => ({
  transactionId,
  customerId: 1,
  terminalId: 1,
  amountCents: 1,
  occurredAt: transactionId,
});

/** Ids are given in order over the whole batch. */
function blocksOf(shapes: readonly { readonly kind: string; readonly rows: number }[]): InputBlock[] {
  let id = 0;
  const ids = (rows: number): number[] => Array.from({ length: rows }, () => id++);
  return shapes.map(({ kind, rows }) => {
    if (kind === 'tombstones') return tombstoneType.encodeBlock(ids(rows).map((key) => ({ key, occurredAt: key })));
    const own = ids(rows);
    const block = transactionType.encodeBlock(own.map(transaction));
    if (kind === 'exchanged') {
      const bytes = Buffer.from(block.bytes);
      const before = [{ log: 's-0', occurredAt: own[0]! - 1, watermark: null }];
      const seen = encodeSeen(Float64Array.from(own, (one, i) => (i === own.length - 1 ? Number.NaN : one + 1)));
      const inner = { log: 's-0', before, fingerprint: block.fingerprint, count: block.count, block: bytes, seen };
      return exchangedBlockType.encodeBlock([inner]);
    }
    const origins = createOriginWriter();
    for (const one of own) origins.add(one + 1000, Buffer.from(`line ${one}`));
    return { ...block, origins: origins.take('file:x', AS_JSON) };
  });
}

function idsOf(blocks: readonly InputBlock[]): number[] {
  return blocks.flatMap(({ fingerprint, bytes }): number[] => {
    if (fingerprint === tombstoneType.fingerprint) {
      return tombstoneType.decodeBlock(bytes).map(({ key }) => Number(key));
    }
    if (fingerprint === exchangedBlockType.fingerprint) {
      return exchangedBlockType
        .decodeBlock(bytes)
        .flatMap(({ block, count, ...inner }) => idsOf([{ fingerprint: inner.fingerprint, count, bytes: block }]));
    }
    return transactionType.decodeBlock(bytes).map(({ transactionId }) => transactionId);
  });
}

const shapes = fc.array(
  fc.record({ kind: fc.constantFrom('events', 'tombstones', 'exchanged'), rows: fc.integer({ min: 1, max: 6 }) }),
  { minLength: 1, maxLength: 5 },
);

test('parts of a batch are its rows, each once', () => {
  fc.assert(
    fc.property(shapes, fc.array(fc.nat({ max: 30 })), (kinds, cuts) => {
      const blocks = blocksOf(kinds);
      const rows = batchRows(blocks, BATCH, writerOf);
      const all = idsOf(blocks);
      expect(rows.count).toBe(all.length);
      const ends = [...new Set([0, ...cuts.map((cut) => Math.min(cut, rows.count)), rows.count])].sort((a, b) => a - b);
      const parts = ends.slice(1).map((end, i) => rows.slice(ends[i]!, end));
      expect(parts.map((part) => idsOf(part).length)).toEqual(ends.slice(1).map((end, i) => end - ends[i]!));
      expect(parts.flatMap(idsOf)).toEqual(all);
      for (const { origins, count } of parts.flat()) if (origins) expect(origins.positions).toHaveLength(count);
    }),
  );
});

test('a row that fails is a dead letter with its place and bytes, and the others are as they were', () => {
  fc.assert(
    fc.property(shapes, fc.nat(), (kinds, pick) => {
      const blocks = blocksOf(kinds);
      const rows = batchRows(blocks, BATCH, writerOf);
      const row = pick % rows.count;
      const part = blocksOfPart(rows, { from: 0, to: rows.count, failing: [{ row, error: 'no' }] }, 's');
      const letters = part.filter(({ fingerprint }) => fingerprint === deadLetterType.fingerprint);
      const others = part.filter((block) => !letters.includes(block));
      const all = idsOf(blocks);
      expect(idsOf(others)).toEqual(all.filter((_, i) => i !== row));
      const [letter] = letters.flatMap(({ bytes }) => deadLetterType.decodeBlock(bytes));
      expect(letter).toMatchObject({ stream: 's', reason: 'quarantined', detail: 'no' });
      const id = all[row];
      const said = String(letter?.raw);
      if (letter?.source === 'file:x') expect([said, letter.position]).toEqual([`line ${id}`, Number(id) + 1000]);
      else expect(Object.values(JSON.parse(said))).toContain(id);
    }),
  );
});
