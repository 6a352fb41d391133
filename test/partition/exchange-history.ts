/** Random histories of two logs for the keyed exchange, a partition of it, and what one partition makes of all. */
import fc from 'fast-check';
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
  leftBehindType,
  sourceControlType,
  tombstoneType,
} from '../../src/messages/types.ts';
import { OPERATOR_KINDS } from '../../src/operator-kinds/kinds.ts';
import { batchRows } from '../../src/partition/batch-rows.ts';
import { createPartitionFold, type Derivation, derivationTypes, deriveAll } from '../../src/partition/derivation.ts';
import type { ExchangeReading } from '../../src/partition/exchange-route.ts';
import type { PartitionInput } from '../../src/partition/partition.ts';
import { decodeSnapshot, encodeSnapshot } from '../../src/partition/snapshot.ts';
import { endOfBatchInside } from '../../src/partition/within-batch.ts';
import type { WindowSpec } from '../../src/streams/window-kind.ts';
import { resultTypeOf, windowKind } from '../../src/streams/window-operator.ts';

export const LOGS = ['s-0', 's-1'];
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
export const registry = createRegistry(BUILTIN_TYPES);
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

export const reading: ExchangeReading = {
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
  | { readonly kind: 'idle' | 'active' | 'behind' | 'flush' };

export interface Commit {
  readonly log: string;
  readonly items: readonly Item[];
}

/** Far more of it is late than a stream would have: that must be the same too. */
export const commits = fc
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
          { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('idle' as const, 'active', 'behind', 'flush') }) },
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
    case 'behind':
      return leftBehindType.encodeBlock([{ reason: 'test' }]);
    case 'watermark':
      return sourceControlType.encodeBlock([{ control: 'watermark', watermark: item.at - 6 }]);
    default:
      return sourceControlType.encodeBlock([{ control: item.kind, watermark: -8.64e15 }]);
  }
}

/** Neighbours of one kind share a block, as those of a batch do. */
export function sectionsOf(items: readonly Item[]): Section[] {
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

/** A partition of the exchange, as its host has it; it can be put back to what it was, as a crash does. */
export function createPartition(partition: number) {
  let fold = createPartitionFold(DERIVATION, TYPES, partition, registry);
  let lines: string[] = [];
  let next = 0;

  function apply(batch: PartitionInput): void {
    const { commit } = fold.partition.apply(batch, (steps) => deriveAll(fold, steps), 0);
    for (const section of commit.sections) if (section.role === 'derived') lines.push(...linesOf(section));
  }
  return {
    lines: () => lines,
    apply,
    take(entries: readonly ExchangedBlock[], cut: number | null) {
      const block = exchangedBlockType.encodeBlock(entries);
      const rows = batchRows([block], { source: '', next: 0 }, registry.writerOf);
      const at = cut === null ? 0 : cut % (rows.count + 1);
      const batches = cut === null ? [[block]] : [rows.slice(0, at), rows.slice(at, rows.count)];
      for (const blocks of batches) {
        next += 1;
        apply({ source: 'x', next, blocks });
      }
    },
    saved: () => ({ snapshot: encodeSnapshot(fold.snapshot()), lines: [...lines] }),
    /** As another process finds it. */
    restart(saved: { readonly snapshot: Uint8Array; readonly lines: readonly string[] }) {
      const snapshot = decodeSnapshot(saved.snapshot);
      fold = createPartitionFold(DERIVATION, TYPES, partition, registry);
      if (snapshot !== null) fold.restore(snapshot);
      lines = [...saved.lines];
    },
    position: (source: string) => fold.partition.positions.get(source) ?? 0,
    inside: (source: string) => endOfBatchInside(fold.partition.positions, source),
    status: () => fold.partition.status(),
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

export interface Outcome {
  readonly lines: readonly string[];
  readonly watermarksMs: readonly number[];
}

/** One partition takes in the blocks as they are. */
export function bruteForce(all: readonly Commit[]): Outcome {
  const fold = createPartition(0);
  for (const { log, items } of all) {
    for (const [i, item] of items.entries()) {
      const { fingerprint, count, bytes } = blockOf(item, 'at' in item ? `at ${item.at}` : `${i}`);
      const block = Buffer.from(bytes);
      fold.take([{ log, before: [], fingerprint, count, block, seen: Buffer.alloc(0) }], null);
    }
  }
  return { lines: fold.lines().sort(), watermarksMs: [fold.status().watermarkMs] };
}
