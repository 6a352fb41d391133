/**
 * The journal beside its disk: `npm run bench -- journal`. Each figure of the journal stands next to what the same disk
 * gives to a plain file in the same run, since the disk of one machine says nothing of another's.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFrames } from '../src/journal/frame-reader.ts';
import { openJournal } from '../src/journal/journal.ts';
import type { Log } from '../src/journal/log.ts';
import { snapshotStore } from '../src/journal/snapshots.ts';

const EVENTS = Number(process.env.BENCH_JOURNAL_EVENTS ?? 10_000_000);
const BATCH_EVENTS = 4096;
const EVENT_BYTES = 100;
const SEGMENT_BYTES = 64 * 1024 * 1024;
/** As many as the partition consumer has. */
const IN_FLIGHT = 4;
const COMMITS = 500;
const SEGMENTS = 1000;
const READ_PASSES = 4;
const LOG = 'bench-0';

export interface JournalFigure {
  readonly what: string;
  readonly figure: string;
  /** The same from the bare disk, or the goal. */
  readonly beside: string;
}

export async function runJournal(): Promise<JournalFigure[]> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-journal-bench-'));
  try {
    const batch = Buffer.alloc(BATCH_EVENTS * EVENT_BYTES);
    for (let at = 0; at < batch.length; at++) batch[at] = (at * 31 + (at >> 7)) & 0xff;
    const dir = join(directory, 'journal');
    const figures = [await append(dir, join(directory, 'raw'), batch), await commitLatency(directory)];
    figures.push(sequentialRead(dir), ...(await recovery(dir)), await manySegments(join(directory, 'segments')));
    return figures.map((figure) => ({ ...figure, what: `${figure.what} (load ${(loadavg()[0] ?? 0).toFixed(1)})` }));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function withLog<T>(dir: string, segmentBytes: number, use: (log: Log) => Promise<T>): Promise<T> {
  const journal = await openJournal(dir, { durability: 'fsync', segmentBytes });
  try {
    return await use(await journal.openLog(LOG));
  } finally {
    await journal.close();
  }
}

async function append(dir: string, rawFile: string, batch: Buffer): Promise<JournalFigure> {
  const batches = Math.ceil(EVENTS / BATCH_EVENTS);
  const seconds = await withLog(dir, SEGMENT_BYTES, (log) =>
    timed(async () => {
      const flying: Promise<number>[] = [];
      for (let i = 0; i < batches; i++) {
        flying.push(log.append(1, BATCH_EVENTS, [batch]));
        if (flying.length >= IN_FLIGHT) await flying.shift();
      }
      await Promise.all(flying);
    }),
  );
  const bytes = batches * batch.length;
  const rawSeconds = await rawWrites(rawFile, batch, Math.min(batches, 1000));
  return {
    what: `append ${batches * BATCH_EVENTS} events of ${EVENT_BYTES} B, durable`,
    figure: `${perSecond(bytes, seconds)}, ${((batches * BATCH_EVENTS) / seconds / 1e6).toFixed(2)} M events/s`,
    beside: `${perSecond(Math.min(batches, 1000) * batch.length, rawSeconds)} raw, synced as often`,
  };
}

/** As a log writes with so many appends in flight: several batches, then one sync. */
async function rawWrites(file: string, batch: Buffer, batches: number): Promise<number> {
  const handle = await open(file, 'wx');
  const group = IN_FLIGHT - 1;
  const seconds = await timed(async () => {
    for (let i = 0; i < batches; i += group) {
      await handle.writev(Array.from({ length: Math.min(group, batches - i) }, () => batch));
      await handle.datasync();
    }
  });
  await handle.close();
  rmSync(file);
  return seconds;
}

async function commitLatency(directory: string): Promise<JournalFigure> {
  const body = Buffer.alloc(4096 - 48, 1);
  const journalMs = await withLog(join(directory, 'latency'), SEGMENT_BYTES, (log) =>
    latencies(COMMITS, () => log.append(1, 1, [body])),
  );
  const handle = await open(join(directory, 'raw-latency'), 'wx');
  const block = Buffer.alloc(4096, 1);
  const rawMs = await latencies(COMMITS, async () => {
    await handle.write(block);
    await handle.datasync();
  });
  await handle.close();
  return {
    what: 'one durable commit of 4 KiB, p50 (p99)',
    figure: `${percentile(journalMs, 0.5)} (${percentile(journalMs, 0.99)}) ms`,
    beside: `${percentile(rawMs, 0.5)} (${percentile(rawMs, 0.99)}) ms for write and fdatasync`,
  };
}

/** The best of a few, since the first fills the cache; by CPU time too, which a machine that is shared does not stretch. */
function sequentialRead(dir: string): JournalFigure {
  const before = process.memoryUsage.rss();
  let peak = before;
  let best = 0;
  let bestPerCpu = 0;
  for (let pass = 0; pass < READ_PASSES; pass++) {
    const startedAt = performance.now();
    const cpu = process.cpuUsage();
    const bytes = readAll(dir, 0, () => {
      peak = Math.max(peak, process.memoryUsage.rss());
    });
    const { user, system } = process.cpuUsage(cpu);
    best = Math.max(best, bytes / ((performance.now() - startedAt) / 1000));
    bestPerCpu = Math.max(bestPerCpu, bytes / ((user + system) / 1e6));
  }
  return {
    what: 'sequential read with both checksums, from the page cache',
    figure: `${perSecond(best, 1)}, ${perSecond(bestPerCpu, 1)} of CPU, RSS +${Math.round((peak - before) / 1024 ** 2)} MiB`,
    beside: 'goal 1000 MB/s',
  };
}

/** Bytes of the bodies from an offset to the end. */
function readAll(dir: string, fromOffset: number, every1000 = (): void => {}): number {
  let bytes = 0;
  let frames = 0;
  const toOffset = Math.ceil(EVENTS / BATCH_EVENTS) * BATCH_EVENTS;
  for (const { body } of readFrames(dir, LOG, { fromOffset, toOffset })) {
    bytes += body.byteLength;
    if (++frames % 1000 === 0) every1000();
  }
  return bytes;
}

/** Until all that the journal has to give is given; what a partition makes of it comes on top. */
async function recovery(dir: string): Promise<JournalFigure[]> {
  const store = snapshotStore(dir);
  const open = (): Promise<number> =>
    timed(() =>
      withLog(dir, SEGMENT_BYTES, async () => {
        const snapshot = await store.latest(LOG);
        readAll(dir, snapshot?.offset ?? 0);
      }),
    );
  const without = await open();
  const tail = 100_000;
  await store.save(LOG, Math.floor((EVENTS - tail) / BATCH_EVENTS) * BATCH_EVENTS, Buffer.alloc(4 * 1024 * 1024, 1));
  const withSnapshot = await open();
  const events = `${(EVENTS / 1e6).toFixed(0)} M events`;
  return [
    {
      what: `opening and reading ${events}, with a snapshot`,
      figure: `${withSnapshot.toFixed(2)} s`,
      beside: 'goal 2 s',
    },
    { what: `opening and reading ${events}, without one`, figure: `${without.toFixed(2)} s`, beside: 'goal 10 s' },
  ];
}

async function manySegments(dir: string): Promise<JournalFigure> {
  await withLog(dir, 1, async (log) => {
    for (let i = 0; i < SEGMENTS; i++) await log.append(1, 1, [Buffer.alloc(EVENT_BYTES)]);
  });
  const seconds = await timed(() => withLog(dir, SEGMENT_BYTES, async () => {}));
  return { what: `opening ${SEGMENTS} segments`, figure: `${seconds.toFixed(2)} s`, beside: 'goal 1 s' };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1000;
}

async function latencies(count: number, work: () => Promise<unknown>): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < count; i++) found.push((await timed(work)) * 1000);
  return found.sort((a, b) => a - b);
}

function percentile(sorted: readonly number[], share: number): string {
  return (sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN).toFixed(2);
}

function perSecond(bytes: number, seconds: number): string {
  return `${Math.round(bytes / seconds / 1e6)} MB/s`;
}
