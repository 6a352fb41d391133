/**
 * A partition whose log has sums of events in time says what one says whose log has the events: the same results, revisions
 * and late events, live, in a replay, and from a snapshot.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BUILTIN_TYPES } from '../../src/builtin-types.ts';
import type { Block } from '../../src/messages/block.ts';
import { dynamicEventType } from '../../src/messages/codec.ts';
import type { Commit, Section } from '../../src/messages/commit.ts';
import { exactJson } from '../../src/messages/event-json.ts';
import { createRegistry } from '../../src/messages/registry.ts';
import { encodeSeen } from '../../src/messages/seen-times.ts';
import type { ExchangedBlock } from '../../src/messages/streams.ts';
import {
  deadLetterType,
  exchangedBlockType,
  flushType,
  lateEventType,
  sourceControlType,
  windowPartsType,
} from '../../src/messages/types.ts';
import { OPERATOR_KINDS } from '../../src/operator-kinds/kinds.ts';
import {
  createPartitionFold,
  type Derivation,
  derivationTypes,
  deriveAll,
  type PartitionFold,
} from '../../src/partition/derivation.ts';
import type { WindowSpec } from '../../src/streams/window-kind.ts';
import { resultTypeOf, windowKind } from '../../src/streams/window-operator.ts';
import { canSumUp } from '../../src/streams/window-summary.ts';

const LOGS = ['s-0', 's-1'];
const SCHEMA = {
  type: 'record',
  name: 'Click',
  namespace: 'test',
  fields: [
    { name: 'user', type: 'string' },
    { name: 'amount', type: 'double' },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
  ],
} as const;
const type = dynamicEventType(SCHEMA);
const registry = createRegistry(BUILTIN_TYPES);
registry.add(type);

const AGGREGATES: WindowSpec['aggregates'] = [
  { name: 'n', fn: 'count', field: null },
  { name: 'total', fn: 'sum', field: 'amount' },
  { name: 'mean', fn: 'avg', field: 'amount' },
  { name: 'largest', fn: 'max', field: 'amount' },
  { name: 'users', fn: 'distinct', field: 'user', isText: true },
  { name: 'middle', fn: 'quantile', field: 'amount', argument: 0.5 },
  { name: 'latest', fn: 'last', field: 'user', isText: true },
];
const windowOf = (own: Partial<WindowSpec>): WindowSpec => ({
  name: 'w',
  keyField: null,
  window: { kind: 'tumbling', sizeMs: 10, offsetMs: 0 },
  allowedLatenessMs: 0,
  earlyMs: null,
  where: null,
  language: 'sql',
  aggregates: AGGREGATES,
  ...own,
});
const window = fc.record({
  keyField: fc.constantFrom(null, 'user'),
  window: fc.constantFrom<WindowSpec['window']>(
    { kind: 'tumbling', sizeMs: 30, offsetMs: 3 },
    { kind: 'hopping', sizeMs: 45, everyMs: 30, offsetMs: 0 },
  ),
  allowedLatenessMs: fc.constantFrom(0, 7),
  aggregates: fc.constantFrom(AGGREGATES, AGGREGATES.slice(0, 4)),
  where: fc.constantFrom(null, "user <> 'c'", "CAST(user AS VARCHAR) <> 'b' OR CAST(amount AS TINYINT) < 1"),
});

const event = fc.record({
  user: fc.constantFrom('a', 'b', 'c'),
  amount: fc.constantFrom(0, 0.1, 0.7, 1e16, -3),
  stepMs: fc.oneof({ weight: 40, arbitrary: fc.constant(0) }, fc.integer({ min: -9, max: 9 })),
});
/** What a log came to: events, by others between them, or what its source said. */
const delivery = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record({
      log: fc.constantFrom(...LOGS),
      events: fc.array(event, { minLength: 1, maxLength: 120, size: 'max' }),
      others: fc.nat(3),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      log: fc.constantFrom(...LOGS),
      control: fc.constantFrom('flush', 'leap'),
    }),
  },
);
type Delivery = typeof delivery extends fc.Arbitrary<infer T> ? T : never;

function entriesOf(deliveries: readonly Delivery[], nowMs: Map<string, number>): ExchangedBlock[] {
  return deliveries.map((one): ExchangedBlock => {
    const { log } = one;
    const time = nowMs.get(log) ?? 100;
    if ('control' in one) {
      const said = { control: 'watermark' as const, watermark: time + 5 };
      const { fingerprint, bytes } =
        one.control === 'flush' ? flushType.encodeBlock([{ reason: 'test' }]) : sourceControlType.encodeBlock([said]);
      return { log, before: [], fingerprint, count: 1, block: Buffer.from(bytes), seen: Buffer.alloc(0) };
    }
    let at = time;
    const rows = one.events.map(({ user, amount, stepMs }) => {
      at += stepMs;
      return { user, amount, at };
    });
    nowMs.set(log, at);
    const { fingerprint, count, bytes } = type.encodeBlock(rows);
    let latest = Number.NEGATIVE_INFINITY;
    const seen = Float64Array.from(rows, (row, i) => {
      if (one.others === 0 || i % (one.others + 1) !== 0 || row.at + 2 <= latest) return Number.NaN;
      latest = row.at + 2;
      return latest;
    });
    const before = one.others === 3 ? [{ log, occurredAt: time + 1, watermark: null }] : [];
    return { log, before, fingerprint, count, block: Buffer.from(bytes), seen: encodeSeen(seen) };
  });
}

function foldOf(spec: WindowSpec, sumsUp: boolean): () => PartitionFold {
  const derivation: Derivation = {
    stream: 's.all',
    inputs: [
      {
        stream: 's',
        schema: SCHEMA,
        timeField: 'at',
        watermark: { kind: 'bounded', outOfOrdernessMs: 4 },
        channels: LOGS,
      },
    ],
    operators: [windowKind.of(spec.name, spec)],
    ...(sumsUp ? { sumsUp } : {}),
  };
  const types = derivationTypes(derivation, OPERATOR_KINDS);
  return () => createPartitionFold(derivation, types, 0, registry);
}

function apply(fold: PartitionFold, blocks: readonly Block[], next: number): Commit {
  return fold.partition.apply({ source: 's-0', next, blocks }, (steps) => deriveAll(fold, steps), 0).commit;
}

/** Where the watermark stood when a window fired is not promised, nor the place of a dead letter in its batch. */
function saidBy(commits: readonly Commit[]): string[] {
  return commits.flatMap(({ sections }) =>
    sections.flatMap(({ role, fingerprint, bytes }) => {
      if (role === 'input') return [];
      if (fingerprint === lateEventType.fingerprint) return lateEventType.decodeBlock(bytes).map(exactJson);
      if (fingerprint === deadLetterType.fingerprint) {
        return deadLetterType.decodeBlock(bytes).map(({ detail, raw }) => `${detail} ${raw}`);
      }
      const { decodeBlock } = RESULTS.find((own) => own.type.fingerprint === fingerprint)!.type;
      return decodeBlock(bytes).map(({ at: _, ...result }) => exactJson(result));
    }),
  );
}

const RESULTS = [AGGREGATES, AGGREGATES.slice(0, 4)].map((aggregates) => resultTypeOf(windowOf({ aggregates })));

const isOfSums = ({ fingerprint }: Section): boolean => fingerprint === windowPartsType.fingerprint;
const derivedOf = ({ sections }: Commit): Section[] => sections.filter(({ role }) => role === 'derived');
const inputBytes = (commits: readonly Commit[]): number =>
  commits
    .flatMap(({ sections }) => sections)
    .reduce((sum, { role, bytes }) => sum + (role === 'input' ? bytes.length : 0), 0);

describe('sums in place of events', () => {
  test('say the same as the events, live, replayed and from a snapshot, and take no more room', () => {
    let sums = 0;
    fc.assert(
      fc.property(
        window,
        fc.array(fc.array(delivery, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 8 }),
        (own, drawn) => {
          const nowMs = new Map<string, number>();
          const batches = drawn.map((one) => [exchangedBlockType.encodeBlock(entriesOf(one, nowMs))]);
          const spec = windowOf(own);
          const [newPlain, newSummed] = [foldOf(spec, false), foldOf(spec, true)];
          const [plain, summed] = [newPlain(), newSummed()];
          let restored = newSummed();
          const [expected, live, after]: Commit[][] = [[], [], []];
          for (const [i, blocks] of batches.entries()) {
            expected!.push(apply(plain, blocks, i + 1));
            if (i === batches.length >> 1) {
              restored = newSummed();
              restored.restore(summed.snapshot());
              after!.push(...live!);
            }
            live!.push(apply(summed, blocks, i + 1));
            if (i >= batches.length >> 1) after!.push(apply(restored, blocks, i + 1));
          }
          expect(saidBy(live!).sort()).toEqual(saidBy(expected!).sort());
          expect(after).toEqual(live);
          sums += live!.flatMap(({ sections }) => sections).filter(isOfSums).length;
          expect(inputBytes(live!)).toBeLessThanOrEqual(inputBytes(expected!));
          const replayed = newSummed();
          for (const commit of live!) {
            const now = replayed.partition.replay(commit, (steps) => deriveAll(replayed, steps));
            expect(now).toEqual(derivedOf(commit));
          }
          expect(replayed.snapshot()).toEqual(summed.snapshot());
        },
      ),
      { numRuns: 40 },
    );
    expect(sums).toBeGreaterThan(15);
  });

  test('of many events of a group are a few bytes, and the events are not kept', () => {
    const entries = entriesOf(
      [
        {
          log: 's-0',
          events: Array.from({ length: 500 }, () => ({ user: 'a', amount: 0.1 as const, stepMs: 0 })),
          others: 0,
        },
      ],
      new Map(),
    );
    const block = exchangedBlockType.encodeBlock(entries);
    const { sections } = apply(foldOf(windowOf({ aggregates: AGGREGATES.slice(0, 4) }), true)(), [block], 1);
    const inputs = sections.filter(({ role }) => role === 'input');
    expect(inputs.map(({ fingerprint }) => fingerprint)).toEqual([
      windowPartsType.fingerprint,
      exchangedBlockType.fingerprint,
    ]);
    expect(inputs.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeLessThan(200);
    expect(windowPartsType.decodeBlock(inputs[0]!.bytes)[0]?.parts).toMatchObject([
      { start: 100, key: null, count: 500 },
    ]);
  });

  test('are not for windows that have to see each event: sessions, sliding and early ones, and lists', () => {
    expect(canSumUp(windowOf({}))).toBe(true);
    expect(canSumUp(windowOf({ window: { kind: 'session', gapMs: 1 } }))).toBe(false);
    expect(canSumUp(windowOf({ window: { kind: 'sliding', sizeMs: 1 } }))).toBe(false);
    expect(canSumUp(windowOf({ earlyMs: 5 }))).toBe(false);
    for (const fn of ['collect', 'list', 'list_distinct']) {
      expect(canSumUp(windowOf({ aggregates: [{ name: 'all', fn, field: 'user', isText: true }] }))).toBe(false);
    }
  });
});
