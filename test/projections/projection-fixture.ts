/** A journal in a temporary directory with commits of every kind that has a table, and real stores beside it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { BUILTIN_TYPES } from '../../src/builtin-types.ts';
import type { CaseChanged, Transaction } from '../../src/fraud/schemas.ts';
import { alertRaisedType, caseChangedType, transactionType } from '../../src/fraud/types.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { journalOf, openPassingReader } from '../../src/journal/open-reader.ts';
import type { AvroSchema } from '../../src/messages/avro.ts';
import type { Block } from '../../src/messages/block.ts';
import type { EventType } from '../../src/messages/codec.ts';
import { encodeCommit } from '../../src/messages/commit.ts';
import { createRegistry } from '../../src/messages/registry.ts';
import { deadLetterType } from '../../src/messages/types.ts';
import { type WindowResult, type WindowValue, windowResultType } from '../../src/messages/window-result.ts';
import { fileOf, tablesOf } from '../../src/projections/driver.ts';
import { driverOf } from '../../src/projections/drivers.ts';
import {
  type LogRange,
  type Projected,
  projectLogs,
  type TransactionSize,
  type Turns,
} from '../../src/projections/projector.ts';
import type { Store, TableDigest } from '../../src/projections/store.ts';
import { type StreamTable, streamTable } from '../../src/projections/stream-tables.ts';
import type { TableShapes } from '../../src/projections/table-shapes.ts';
import { TABLES } from '../../src/tables.ts';

/** The kind of a frame that holds a commit. */
const COMMIT_FRAME = 1;
const T0 = 1_522_540_800_000;

export interface World {
  readonly directory: string;
  file(store: string): string;
  /** That file first. */
  files(store: string): string[];
  /** Appends one commit, and knows from then on how far its log is durable. */
  append(log: string, partition: number, ...blocks: readonly Block[]): Promise<void>;
  /** The same, to the log of a partition of this stream, with blocks of schemas of its own. */
  appendTo(stream: string, partition: number, ...blocks: readonly Block[]): Promise<void>;
  /** Blocks of these results, each in the type of its window. */
  results(...results: readonly NamedResult[]): Block[];
  open(store: string, tables?: Partial<TableShapes>): Promise<Store>;
  /** Into one after the other; of what they read the most, and whether all are at the end. */
  project(stores: readonly Store[], size?: number | TransactionSize, turns?: Turns): Promise<Omit<Projected, 'missed'>>;
}

export async function createWorld(): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-projections-'));
  const place = journalOf(directory);
  const reader = openPassingReader(place);
  const journal = await openJournal(place.directory, { durability: 'os', segmentBytes: 1 << 16 });
  const opened: Store[] = [];
  onTestFinished(async () => {
    for (const store of opened) await store.close().catch(() => {});
    await journal.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const registry = createRegistry(BUILTIN_TYPES);
  const ranges = new Map<string, LogRange>();
  const declared = new Map<string, StreamTable>();
  async function append(stream: string, log: string, partition: number, blocks: readonly Block[]): Promise<void> {
    const sections = blocks.map((block) => ({ ...block, role: 'input' as const }));
    const { parts, count } = encodeCommit({ stream, partition, source: 'x', next: 1, committedAt: 0, sections });
    const opened = await journal.openLog(log);
    await opened.append(COMMIT_FRAME, count, parts);
    ranges.set(log, { log, toOffset: opened.durableOffset() });
  }
  const file = (store: string): string => fileOf(driverOf(store), directory);
  return {
    directory,
    file,
    files: (store) => driverOf(store).files.map((each) => join(directory, each)),
    append: (log, partition, ...blocks) => append('s', log, partition, blocks),
    appendTo: (stream, partition, ...blocks) => append(stream, `${stream}-${partition}`, partition, blocks),
    results: (...results) =>
      results.map(({ window, ...result }) => {
        const { type } = windowResultType(
          window,
          Object.entries(result.aggregates).map(([name, value]) => ({ name, type: fieldType(value) })),
        );
        registry.add(type);
        return type.encodeBlock([result]);
      }),
    async open(store, { windows = [], streams = [] } = {}) {
      for (const shape of streams) {
        const table = streamTable(shape);
        registry.add(table.type);
        declared.set(shape.name, table);
      }
      const driver = driverOf(store);
      const place = { dataDir: directory, tables: tablesOf(driver, TABLES), shapes: { windows, streams } };
      const made = await driver.open({ ...place, owner: 0, room: null });
      opened.push(made);
      return made;
    },
    async project(stores, size = 1_000_000, turns) {
      const asked = typeof size === 'number' ? { maxEvents: size } : size;
      const all: Projected[] = [];
      for (const store of stores) {
        all.push(await projectLogs({ reader, registry, declared }, store, [...ranges.values()], asked, turns));
      }
      return {
        events: Math.max(...all.map(({ events }) => events)),
        reached: Object.assign({}, ...all.map(({ reached }) => reached)),
        caughtUp: all.every(({ caughtUp }) => caughtUp),
      };
    },
  };
}

export const STORES = ['sqlite', 'duckdb'] as const;

export const transaction = (transactionId: number): Transaction => ({
  transactionId,
  customerId: transactionId % 7,
  terminalId: transactionId % 3,
  amountCents: transactionId * 10,
  occurredAt: T0 + transactionId * 1000,
});

/** A result together with its window's name. */
export type NamedResult = WindowResult & { readonly window: string };

export const windowResult = (change: Partial<NamedResult>): NamedResult => ({
  window: 'totals',
  key: null,
  start: T0,
  end: T0 + 60_000,
  revision: 0,
  at: T0,
  count: 1,
  aggregates: {},
  ...change,
});

const blocksOf = <T>(type: EventType<T>, ...events: readonly T[]): Block => type.encodeBlock(events);

/** `commits` commits over two logs, each with something for either store. */
export async function fill(world: World, commits: number, from = 0): Promise<void> {
  for (let i = from; i < from + commits; i++) {
    const partition = i % 2;
    const caseId = `case-${i >> 2}`;
    const change: CaseChanged = {
      caseId,
      customerId: 1,
      change: i % 4 < 2 ? 'opened' : 'hit',
      transactionId: i,
      hits: 1 + ((i % 4) >> 1),
      amountCents: 30_000,
      occurredAt: T0 + i,
      holder: null,
      snoozedUntil: null,
    };
    const alert = {
      ...transaction(i),
      alertId: `alert-${i}`,
      caseId,
      score: 0.9,
      model: 'rules-1',
      severity: 'high' as const,
      reasons: [{ code: 'amount', text: 'Amount 300.00 is above the limit', value: 30_000, norm: 22_000 }],
      sessionStart: T0,
      sessionCount: 1,
      rules: ['amount'],
    };
    const letter = {
      stream: 's',
      source: 'x',
      position: i,
      reason: 'not-json',
      detail: `Line ${i} is no JSON`,
      raw: Buffer.from(`garbage ${i}`),
      rawLength: 9,
      format: 'json',
      context: '',
    };
    await world.append(
      `s-${partition}`,
      partition,
      blocksOf(transactionType, transaction(2 * i), transaction(2 * i + 1)),
      blocksOf(deadLetterType, letter),
      blocksOf(alertRaisedType, alert),
      blocksOf(caseChangedType, change),
      ...world.results(windowResult({ start: T0 + i, key: i % 3 === 0 ? null : `a longer key than twelve ${i}` })),
    );
  }
}

export async function digests(stores: readonly Store[]): Promise<TableDigest[]> {
  const all: TableDigest[] = [];
  for (const store of stores) all.push(...(await store.digest()));
  return all;
}

export const rowsOf = (all: readonly TableDigest[]): number => all.reduce((sum, { rows }) => sum + rows, 0);

/** The type of the field that has given this value. */
function fieldType(value: WindowValue): AvroSchema {
  if (value === null || typeof value === 'number') return value === null ? ['null', 'double'] : 'double';
  if (typeof value === 'string' || typeof value === 'boolean') return typeof value === 'string' ? 'string' : 'boolean';
  if (typeof value === 'bigint') return 'long';
  const [first] = Array.isArray(value) ? value : [];
  return { type: 'array', items: typeof first === 'string' ? 'string' : 'double' };
}
