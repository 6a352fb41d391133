/**
 * The keyed exchange against one partition that takes in everything: the number of partitions must not show, in results or
 * in what is late, nor how the logs were cut into commits, nor which commits a partition had already.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BUILTIN_TYPES } from '../../src/builtin-types.ts';
import type { Block } from '../../src/messages/block.ts';
import { dynamicEventType } from '../../src/messages/codec.ts';
import type { Section } from '../../src/messages/commit.ts';
import { createRegistry } from '../../src/messages/registry.ts';
import type { ExchangedBlock } from '../../src/messages/streams.ts';
import {
  exchangedBlockType,
  flushType,
  lateEventType,
  sourceControlType,
  tombstoneType,
} from '../../src/messages/types.ts';
import { OPERATOR_KINDS } from '../../src/operator-kinds.ts';
import { batchRows } from '../../src/partition/batch-rows.ts';
import { createPartitionFold, type Derivation, derivationTypes, deriveAll } from '../../src/partition/derivation.ts';
import { createExchangeSplit, type ExchangeReading } from '../../src/partition/exchange.ts';
import type { WindowSpec } from '../../src/streams/window-kind.ts';
import { resultTypeOf, windowKind } from '../../src/streams/window-operator.ts';

const LOGS = ['s-0', 's-1'];
const SCHEMA = {
  type: 'record',
  name: 'Click',
  namespace: 'test',
  fields: [
    { name: 'user', type: 'string' },
    { name: 'page', type: ['null', 'string'] },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
  ],
} as const;
const type = dynamicEventType(SCHEMA);
const registry = createRegistry(BUILTIN_TYPES);
registry.add(type);

const WINDOWS: readonly WindowSpec[] = [
  {
    name: 'tumbling',
    keyField: 'page',
    window: { kind: 'tumbling', sizeMs: 10, offsetMs: 0 },
    allowedLatenessMs: 3,
    earlyMs: null,
    where: null,
    aggregates: [{ name: 'n', fn: 'count', field: null }],
  },
  {
    name: 'sessions',
    keyField: 'page',
    window: { kind: 'session', gapMs: 4 },
    allowedLatenessMs: 0,
    earlyMs: null,
    where: null,
    aggregates: [{ name: 'users', fn: 'collect', field: 'user', isText: true }],
  },
];
const DERIVATION: Derivation = {
  stream: 's.by.page',
  inputs: [
    {
      stream: 's',
      schema: SCHEMA,
      timeField: 'at',
      watermark: { kind: 'bounded', outOfOrdernessMs: 5 },
      channels: LOGS,
    },
  ],
  operators: WINDOWS.map((window) => windowKind.of(window.name, window)),
};
const TYPES = derivationTypes(DERIVATION, OPERATOR_KINDS);

const RESULTS = WINDOWS.map((window) => resultTypeOf(window));

const reading: ExchangeReading = {
  stream: 's',
  key: 'page',
  isTableKey: false,
  timeField: 'at',
  logs: LOGS,
  gives: { role: 'input', type },
};

type Item =
  | { readonly kind: 'event'; readonly page: string | null; readonly at: number }
  | { readonly kind: 'tombstone' | 'watermark'; readonly at: number }
  | { readonly kind: 'idle' | 'active' | 'flush' };

interface Commit {
  readonly log: string;
  readonly items: readonly Item[];
}

/** Far more of it is late than a stream would have: that must be the same too. */
const commits = fc
  .array(
    fc.record({
      log: fc.constantFrom(...LOGS),
      items: fc.array(
        fc.oneof(
          { weight: 12, arbitrary: fc.record({ kind: fc.constant('event' as const), page: PAGES(), at: fc.nat(40) }) },
          {
            weight: 1,
            arbitrary: fc.record({ kind: fc.constantFrom('tombstone' as const, 'watermark'), at: fc.nat(40) }),
          },
          { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('idle' as const, 'active', 'flush') }) },
        ),
        { minLength: 1, maxLength: 8 },
      ),
    }),
    { minLength: 1, maxLength: 25 },
  )
  // Time goes on, a step with each commit.
  .map((drawn) =>
    drawn.map(({ log, items }, i) => ({
      log,
      items: items.map((item) => ('at' in item ? { ...item, at: item.at + 6 * i } : item)),
    })),
  );

function PAGES() {
  return fc.constantFrom(null, '', 'a', 'b', 'c', 'd', 'ä', '😀', 'a longer page');
}

function blockOf(item: Item, user: string): Block {
  switch (item.kind) {
    case 'event':
      return type.encodeBlock([{ user, page: item.page, at: item.at }]);
    case 'tombstone':
      return tombstoneType.encodeBlock([{ key: 'u', occurredAt: item.at }]);
    case 'flush':
      return flushType.encodeBlock([{ reason: 'test' }]);
    case 'watermark':
      return sourceControlType.encodeBlock([{ control: 'watermark', watermark: item.at - 6 }]);
    default:
      return sourceControlType.encodeBlock([{ control: item.kind, watermark: -8.64e15 }]);
  }
}

/** Neighbours of one kind share a block, as those of a batch do. */
function sectionsOf(items: readonly Item[]): Section[] {
  const sections: Section[] = [];
  for (let from = 0; from < items.length; ) {
    let to = from + 1;
    while (items[from]?.kind === 'event' && items[to]?.kind === 'event') to += 1;
    const events = items.slice(from, to).flatMap((item) => eventsOf(item));
    const block = events.length > 0 ? type.encodeBlock(events) : blockOf(items[from]!, '');
    sections.push({ ...block, role: 'input' });
    from = to;
  }
  return sections;
}

function eventsOf(item: Item) {
  return item.kind === 'event' ? [{ user: `at ${item.at}`, page: item.page, at: item.at }] : [];
}

function createPartition(partition: number) {
  const fold = createPartitionFold(DERIVATION, TYPES, partition, registry);
  const lines: string[] = [];
  let next = 0;
  return {
    lines,
    take(entries: readonly ExchangedBlock[], cut: number | null) {
      const block = exchangedBlockType.encodeBlock(entries);
      const rows = batchRows([block], { source: '', next: 0 }, registry.writerOf);
      const at = cut === null ? 0 : cut % (rows.count + 1);
      const batches = cut === null ? [[block]] : [rows.slice(0, at), rows.slice(at, rows.count)];
      for (const blocks of batches) {
        next += 1;
        const { commit } = fold.partition.apply({ source: 'x', next, blocks }, (steps) => deriveAll(fold, steps), 0);
        for (const section of commit.sections) if (section.role === 'derived') lines.push(...linesOf(section));
      }
    },
    watermarkMs: () => fold.partition.status().watermarkMs,
  };
}

/** Without the watermark that made a window fire: each number of partitions has those of its own events. */
function linesOf({ fingerprint, bytes }: Section): string[] {
  if (fingerprint === lateEventType.fingerprint) {
    return lateEventType.decodeBlock(bytes).map((late) => JSON.stringify(late));
  }
  const window = RESULTS.find((candidate) => candidate.type.fingerprint === fingerprint);
  if (window === undefined) throw new Error(`Nothing derives blocks of ${fingerprint}`);
  return window.type.decodeBlock(bytes).map(({ at: _, ...result }) => `${window.window} ${JSON.stringify(result)}`);
}

interface Outcome {
  readonly lines: readonly string[];
  readonly watermarksMs: readonly number[];
}

interface Plan {
  readonly partitions: number;
  /** Rows of a commit after which what a partition gets is divided. */
  readonly cut?: number;
  /** The exchange starts anew behind each of so many commits, and reads again what some partitions lack. */
  readonly restartEvery?: number;
}

function run(all: readonly Commit[], { partitions, cut, restartEvery }: Plan): Outcome {
  const folds = Array.from({ length: partitions }, (_, partition) => createPartition(partition));
  const newSplit = () => createExchangeSplit(partitions, [reading], registry);
  /** By partition and log: the number of its commits that it has. */
  const reached = folds.map(() => new Map<string, number>());
  const placed = all.map(({ log, items }, i) => ({
    log,
    items,
    end: all.slice(0, i + 1).filter((commit) => commit.log === log).length,
  }));
  let split = newSplit();
  const has = (partition: number, log: string, end: number): boolean => (reached[partition]?.get(log) ?? 0) >= end;
  const deliver = (partition: number, log: string, end: number, entries: readonly ExchangedBlock[]): void => {
    folds[partition]?.take(entries, cut ?? null);
    reached[partition]?.set(log, end);
  };
  const read = (commit: (typeof placed)[number]): void => {
    const { log, items, end } = commit;
    const { entries, isForAll } = split.split(log, sectionsOf(items), (partition) => !has(partition, log, end));
    for (const [partition, own] of entries.entries()) {
      if (has(partition, log, end) || (own.length === 0 && !isForAll)) continue;
      const all = [...own, ...split.restOf(log, partition)];
      if (all.length > 0) deliver(partition, log, end, all);
    }
  };
  for (const [i, commit] of placed.entries()) {
    read(commit);
    if (restartEvery === undefined || (i + 1) % restartEvery !== 0) continue;
    split = newSplit();
    // What a partition got no events of is read again: it was not told.
    for (const again of placed.slice(0, i + 1)) {
      if (folds.some((_, partition) => !has(partition, again.log, again.end))) read(again);
    }
  }
  for (const log of LOGS) {
    const end = placed.filter((commit) => commit.log === log).length;
    for (const partition of folds.keys()) {
      if (!has(partition, log, end)) deliver(partition, log, end, [split.nothingOf(log, partition)]);
    }
  }
  return { lines: folds.flatMap(({ lines }) => lines).sort(), watermarksMs: folds.map((fold) => fold.watermarkMs()) };
}

/** One partition takes in the blocks as they are. */
function bruteForce(all: readonly Commit[]): Outcome {
  const fold = createPartition(0);
  for (const { log, items } of all) {
    for (const [i, item] of items.entries()) {
      const { fingerprint, count, bytes } = blockOf(item, 'at' in item ? `at ${item.at}` : `${i}`);
      const block = Buffer.from(bytes);
      fold.take([{ log, before: [], fingerprint, count, block, seen: Buffer.alloc(0) }], null);
    }
  }
  return { lines: fold.lines.sort(), watermarksMs: [fold.watermarkMs()] };
}

test('a log whose source speaks of its watermark again is not flushed any more, in no partition', () => {
  const event = (at: number) => ({ kind: 'event', page: null, at }) as const;
  const all: Commit[] = [
    { log: 's-1', items: [{ kind: 'flush' }, { kind: 'watermark', at: 0 }] },
    { log: 's-0', items: [event(6), { kind: 'flush' }, event(6)] },
    { log: 's-0', items: [event(12)] },
  ];
  for (const partitions of [1, 2, 3]) expect(run(all, { partitions }).lines).toEqual(bruteForce(all).lines);
});

test('gives what one partition gives of everything, late events too, on any number of partitions', () => {
  fc.assert(
    fc.property(commits, (all) => {
      const expected = bruteForce(all);
      for (const partitions of [1, 2, 3, 8]) {
        const { lines, watermarksMs } = run(all, { partitions });
        expect(lines).toEqual(expected.lines);
        expect(new Set(watermarksMs)).toEqual(new Set(expected.watermarksMs));
      }
    }),
    { numRuns: 150 },
  );
});

test('gives the same when what a partition gets becomes several commits', () => {
  fc.assert(
    fc.property(commits, fc.nat(), (all, cut) => {
      expect(run(all, { partitions: 3, cut }).lines).toEqual(bruteForce(all).lines);
    }),
  );
});

test('gives the same when it starts anew anywhere, and tells again what it can not know was told', () => {
  fc.assert(
    fc.property(commits, fc.integer({ min: 1, max: 5 }), (drawn, restartEvery) => {
      // A log that is idle while another catches up after a crash may be told in another order: docs/architecture.md.
      const all = drawn.map(({ items, ...commit }) => {
        return { ...commit, items: items.filter(({ kind }) => kind !== 'idle' && kind !== 'active') };
      });
      expect(run(all, { partitions: 3, restartEvery }).lines).toEqual(bruteForce(all).lines);
    }),
  );
});
