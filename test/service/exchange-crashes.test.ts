/**
 * The source of an exchange when its process dies anywhere: with batches on their way to some partitions, and with a part of
 * one committed. Its partitions, their mailboxes and the batches are those of the service; the logs are lists.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createMailbox } from '../../src/actors/mailbox.ts';
import type { CommitReader, JournaledCommit } from '../../src/journal/commit-reader.ts';
import { batchRows } from '../../src/partition/batch-rows.ts';
import type { ExchangeInput } from '../../src/partition/exchange-route.ts';
import { withinBatch } from '../../src/partition/within-batch.ts';
import { createExchangeSource } from '../../src/service/exchange.ts';
import type { Batch, Intake } from '../../src/sources/source.ts';
import {
  bruteForce,
  type Commit,
  commits,
  createPartition,
  LOGS,
  reading,
  registry,
  sectionsOf,
} from '../partition/exchange-history.ts';

interface Crash {
  /** After so many batches of this process. */
  readonly after: number;
  /** By partition: of its last batches, so many were not committed yet. */
  readonly lost: readonly number[];
  /** Rows of the batch then delivered that become a commit of their own before the end. */
  readonly cut: number;
}

const PARTITIONS = 3;
const crashes = fc.array(
  fc.record({
    after: fc.nat(12),
    lost: fc.array(fc.nat(3), { minLength: PARTITIONS, maxLength: PARTITIONS }),
    cut: fc.nat(6),
  }),
  { maxLength: 4 },
);

class Died extends Error {}

/** Of each log, its commits with their offsets. */
function journalOf(all: readonly Commit[]): Map<string, JournaledCommit[]> {
  const logs = new Map<string, JournaledCommit[]>(LOGS.map((log) => [log, []]));
  for (const [committedAt, { log, items }] of all.entries()) {
    const own = logs.get(log) ?? [];
    const offset = own.at(-1)?.endOffset ?? 0;
    const commit = {
      stream: 's',
      partition: 0,
      source: 'x',
      next: committedAt,
      committedAt,
      sections: sectionsOf(items),
    };
    own.push({ offset, endOffset: offset + items.length, commit });
  }
  return logs;
}

function readerOf(logs: ReadonlyMap<string, readonly JournaledCommit[]>): CommitReader {
  return {
    logNames: async () => LOGS,
    startOf: async () => 0,
    endOf: async (log) => logs.get(log)?.at(-1)?.endOffset ?? 0,
    offsetAt: async () => 0,
    async *commits(log, { fromOffset, toOffset }) {
      for (const each of logs.get(log) ?? []) if (each.endOffset > fromOffset && each.offset < toOffset) yield each;
    },
  };
}

/** Up to its death each process takes stretches of `stretchLength` offsets, and each commit as it is after the last one. */
async function run(all: readonly Commit[], plan: readonly Crash[], stretchLength: number): Promise<string[]> {
  const logs = journalOf(all);
  const reader = readerOf(logs);
  const ends = LOGS.map((log) => [log, logs.get(log)?.at(-1)?.endOffset ?? 0] as const);
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => createPartition(partition));
  const before = partitions.map((partition) => [partition.saved()]);

  /** A process: until it dies, or its partitions have everything. */
  async function live(crash: Crash | undefined): Promise<void> {
    const stop = new AbortController();
    const mailboxes = partitions.map(() =>
      createMailbox(4, Number.POSITIVE_INFINITY, (blocks, rows) => {
        const own = batchRows(blocks, { source: '', next: 0 }, registry.writerOf);
        return own.slice(rows, own.count);
      }),
    );
    let delivered = 0;
    async function deliver(partition: number, batch: Batch): Promise<void> {
      const [unit, mailbox, saved] = [partitions[partition], mailboxes[partition], before[partition]];
      if (unit === undefined || mailbox === undefined || saved === undefined) throw new Error('no such partition');
      await mailbox.deliver(batch);
      const taken = mailbox.take(unit.position);
      if (taken === undefined) throw new Error('a batch came twice');
      const { source, blocks } = taken;
      const rows = batchRows(blocks, { source, next: taken.next }, registry.writerOf);
      if (delivered === crash?.after) {
        const known = unit.position(withinBatch(source, taken.next));
        const cut = Math.min(crash.cut, rows.count - 1);
        if (cut > 0)
          unit.apply({ source: withinBatch(source, taken.next), next: known + cut, blocks: rows.slice(0, cut) });
        saved.push(unit.saved());
        throw new Died();
      }
      delivered += 1;
      unit.apply({ source, next: taken.next, blocks });
      saved.push(unit.saved());
      mailbox.settled(0, 1);
      if (partitions.every(({ position }) => ends.every(([log, end]) => position(log) >= end))) stop.abort();
    }
    const intake: Intake = {
      stream: 'x',
      partitions: PARTITIONS,
      open: async () => {},
      close: async () => {},
      position: (source, partition) => partitions[partition]?.position(source) ?? 0,
      files: () => [],
      topics: () => [],
      tables: () => [],
      hasEnded: () => false,
      deliver,
      hasRoom: () => true,
      offer: () => false,
    };
    const { logs: names, gives, ...input } = reading;
    const inputs: readonly ExchangeInput[] = [input];
    const units = names.map((name) => ({
      log: { name, durableOffset: () => logs.get(name)?.at(-1)?.endOffset ?? 0, onDurable: () => () => {} },
    }));
    const source = createExchangeSource(
      {
        exchange: { name: 'x', partitions: PARTITIONS, inputs },
        upstreams: [{ gives, units }],
        stream: { units: partitions },
      },
      { reader, registry },
      crash === undefined ? 1 : stretchLength,
    );
    await source.run(intake, stop.signal);
  }

  for (const crash of plan) {
    try {
      await live(crash);
      break;
    } catch (error) {
      if (!(error instanceof Died)) throw error;
      for (const [i, partition] of partitions.entries()) {
        const saved = before[i] ?? [];
        saved.splice(Math.max(1, saved.length - (crash.lost[i] ?? 0)));
        const last = saved.at(-1);
        if (last !== undefined) partition.restart(last);
      }
    }
  }
  const isWhole = partitions.every(({ position }) => ends.every(([log, end]) => position(log) >= end));
  if (!isWhole) await live(undefined);
  return partitions.flatMap(({ lines }) => lines()).sort();
}

const event = (page: string | null, at: number) => ({ kind: 'event', page, at }) as const;

test('gives what one partition gives of everything, when it dies with batches on their way and inside of one', async () => {
  // A log was idle: a process that has forgotten that tells of what others got of it in another order.
  const behind: Commit[] = [
    { log: 's-1', items: [event(null, 0)] },
    { log: 's-0', items: [{ kind: 'idle' }] },
    { log: 's-0', items: [event(null, 12)] },
    { log: 's-1', items: [event(null, 25), event('ä', 18)] },
  ];
  // And one that tells again what came before makes it seem awake.
  const again: Commit[] = [
    { log: 's-0', items: [event(null, 0), { kind: 'idle' }] },
    { log: 's-1', items: [event(null, 6)] },
    { log: 's-1', items: [event(null, 12)] },
  ];
  await fc.assert(
    fc.asyncProperty(commits, crashes, async (all, plan) => {
      expect(await run(all, plan, 1)).toEqual(bruteForce(all).lines);
    }),
    {
      numRuns: 25,
      examples: [
        ...[3, 4, 5, 6].map((after): [Commit[], Crash[]] => [behind, [{ after, lost: [0, 0, 0], cut: 0 }]]),
        [again, [{ after: 6, lost: [2, 0, 2], cut: 0 }]],
      ],
    },
  );
});

test('takes up a batch of several commits as it was, in whatever stretches the next process reads', async () => {
  /** Within the bound: what is late does not hang on the order of the logs. */
  const onTime = commits.map((all) =>
    all.map(({ log, items }, i): Commit => {
      return {
        log,
        items: items.flatMap((item) => (item.kind === 'event' ? event(item.page, 6 * i + (item.at % 5)) : [])),
      };
    }),
  );
  await fc.assert(
    fc.asyncProperty(onTime, crashes, async (all, plan) => {
      const whole = all.filter(({ items }) => items.length > 0);
      expect(await run(whole, plan, 12)).toEqual(bruteForce(whole).lines);
    }),
    { numRuns: 25 },
  );
});
