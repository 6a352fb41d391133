/**
 * Windows from the journal: frames read and checked, commits decoded to columns, watermarks, windows, results as Avro blocks;
 * what a replay does, in one thread. By CPU time, as bench/windows.ts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILTIN_TYPES } from '../dist/builtin-types.js';
import { readFrames } from '../dist/journal/frame-reader.js';
import { openJournal } from '../dist/journal/journal.js';
import { dynamicEventType } from '../dist/messages/codec.js';
import { decodeCommit, encodeCommit } from '../dist/messages/commit.js';
import { createRegistry } from '../dist/messages/registry.js';
import { createRandom } from '../dist/models/random.js';
import { OPERATOR_KINDS } from '../dist/operator-kinds/kinds.js';
import { createPartitionFold, type Derivation, derivationTypes, deriveAll } from '../dist/partition/derivation.js';
import type { Windowing } from '../dist/streams/window-kind.js';
import { windowKind } from '../dist/streams/window-operator.js';
import type { WindowFigures } from './windows.ts';

const BATCH = 4096;
const ROUNDS = 5;
const MINUTE_MS = 60_000;
const SCHEMA = {
  type: 'record',
  name: 'Reading',
  fields: [
    { name: 'key', type: 'long' },
    { name: 'value', type: 'long' },
    { name: 'occurredAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
  ],
} as const;
const COMMIT_FRAME = 1;

interface Case {
  readonly name: string;
  readonly window: Windowing;
  readonly keys: number;
  readonly events: number;
  readonly stepMs: number;
}

const TUMBLING: Windowing = { kind: 'tumbling', sizeMs: MINUTE_MS, offsetMs: 0 };
const HOPPING: Windowing = { kind: 'hopping', sizeMs: 10_000, everyMs: 2000, offsetMs: 0 };
const CASES: readonly Case[] = [
  { name: 'tumbling 1m, from the journal', window: TUMBLING, keys: 10_000, events: 4_000_000, stepMs: 0.1 },
  { name: 'hopping 10s / 2s, from the journal', window: HOPPING, keys: 10_000, events: 4_000_000, stepMs: 0.02 },
];

export async function runWindowsFromJournal(): Promise<WindowFigures[]> {
  const figures: WindowFigures[] = [];
  for (const each of CASES) figures.push(await measure(each));
  return figures;
}

async function measure({ name, window, keys, events, stepMs }: Case): Promise<WindowFigures> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const derivation = derivationOf(window);
  const toOffset = await writeLog(directory, keys, events, stepMs);
  const nsPerEvent: number[] = [];
  let results = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const registry = createRegistry(BUILTIN_TYPES);
    const types = derivationTypes(derivation, OPERATOR_KINDS);
    for (const type of types.inputs) registry.add(type);
    const fold = createPartitionFold(derivation, types, 0, registry);
    results = 0;
    const cpu = process.cpuUsage();
    for (const { body } of readFrames(directory, 'readings-0', { fromOffset: 0, toOffset })) {
      const sections = fold.partition.replay(decodeCommit(body), (steps) => deriveAll(fold, steps));
      for (const { count } of sections) results += count;
    }
    const { user, system } = process.cpuUsage(cpu);
    nsPerEvent.push(((user + system) * 1000) / events);
  }
  rmSync(directory, { recursive: true });
  const median = nsPerEvent.sort((a, b) => a - b)[ROUNDS >> 1]!;
  const perCore = Math.round(1e9 / median);
  return {
    windows: name,
    keys,
    events,
    nsPerEvent: Math.round(median),
    eventsPerCoreSecond: perCore,
    results,
    bytesPerKey: null,
  };
}

function derivationOf(window: Windowing): Derivation {
  const aggregates = [
    { name: 'n', fn: 'count', field: null },
    { name: 'total', fn: 'sum', field: 'value' },
    { name: 'largest', fn: 'max', field: 'value' },
  ];
  const spec = { name: 'w', keyField: 'key', window, allowedLatenessMs: 0, earlyMs: null, where: null, aggregates };
  const stream = 'readings';
  const watermark = { kind: 'bounded', outOfOrdernessMs: 0 } as const;
  return {
    stream,
    inputs: [{ stream, schema: SCHEMA, timeField: 'occurredAt', watermark, channels: [] }],
    operators: [windowKind.of('w', spec)],
  };
}

/** Returns the offset after the last event. */
async function writeLog(directory: string, keys: number, events: number, stepMs: number): Promise<number> {
  const random = createRandom();
  random.seed(1, 2, 3);
  const type = dynamicEventType(SCHEMA);
  const journal = await openJournal(directory, { durability: 'os', segmentBytes: 64 * 1024 * 1024 });
  const log = await journal.openLog('readings-0');
  for (let from = 0; from < events; from += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, events - from) }, (_, i) => ({
      key: random.below(keys),
      value: random.below(10_000),
      occurredAt: Math.floor((from + i) * stepMs),
    }));
    const section = { ...type.encodeBlock(batch), role: 'input' as const };
    const commit = {
      stream: 'readings',
      partition: 0,
      source: 'bench',
      next: from + 1,
      committedAt: 0,
      sections: [section],
    };
    const { parts, count } = encodeCommit(commit);
    await log.append(COMMIT_FRAME, count, parts);
  }
  await journal.close();
  return events;
}
