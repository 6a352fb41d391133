/**
 * The keyed exchange against one partition that takes in everything: the number of partitions must not show, in results or
 * in what is late, nor how the logs were cut into commits, nor which commits a partition had already.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ExchangedBlock } from '../../src/messages/streams.ts';
import { createExchangeSplit } from '../../src/partition/exchange.ts';
import { createLogOrder } from '../../src/streams/log-order.ts';
import {
  bruteForce,
  type Commit,
  commits,
  createPartition,
  LOGS,
  type Outcome,
  reading,
  registry,
  sectionsOf,
} from './exchange-history.ts';

interface Plan {
  readonly partitions: number;
  /** Rows of a commit after which what a partition gets is divided. */
  readonly cut?: number;
  /** The exchange starts anew behind each of so many commits, and reads again what some partitions lack. */
  readonly restartEvery?: number;
}

function run(all: readonly Commit[], { partitions, cut, restartEvery }: Plan): Outcome {
  const folds = Array.from({ length: partitions }, (_, partition) => createPartition(partition));
  const newSplit = () => {
    const order = createLogOrder();
    for (const fold of folds) order.resume(fold.status().behind, fold.status().maxEventTimeMs);
    return createExchangeSplit(partitions, [reading], registry, order);
  };
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
    for (const fold of folds) fold.restart(fold.saved());
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
  return {
    lines: folds.flatMap(({ lines }) => lines()).sort(),
    watermarksMs: folds.map((fold) => fold.status().watermarkMs),
  };
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
    { numRuns: 50 },
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
    fc.property(commits, fc.integer({ min: 1, max: 5 }), (all, restartEvery) => {
      expect(run(all, { partitions: 3, restartEvery }).lines).toEqual(bruteForce(all).lines);
    }),
  );
});
