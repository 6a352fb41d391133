/**
 * A cluster with one topic and one group, behind the port of the source: what a broker and kafkajs do with a member, in
 * turns of the event loop. Partitions go and come back, fetches come from where nobody asked, and offsets outlive the member.
 */
import type { Committed, FetchedRecord, Group, GroupListener } from '../../../src/kafka/group.ts';
import { nextTurn } from '../journaled-partitions.ts';

export interface ScriptedCluster {
  connect(): Promise<Group>;
  /** What the group has committed, by partition. */
  readonly committed: ReadonlyMap<number, Committed>;
}

export interface ClusterOptions {
  readonly topic: string;
  /** By partition. */
  readonly records: readonly (readonly FetchedRecord[])[];
  /** Records of the next batch, at least 1. */
  batchSize(): number;
  /** Whether a partition is taken from the member for a turn. */
  rebalances(): boolean;
  /** Whether a fetch comes from the beginning, as after an offset out of range. */
  strays(): boolean;
}

export function scriptedCluster({ topic, records, ...chance }: ClusterOptions): ScriptedCluster {
  const committed = new Map<number, Committed>();
  const partitions = records.map((_, partition) => partition);

  async function connect(): Promise<Group> {
    const places = new Map<number, number>();
    const paused = new Set<number>();
    let isRunning = false;

    function fetch(listener: GroupListener, partition: number): void {
      const at = chance.strays() ? 0 : (places.get(partition) ?? 0);
      const own = records[partition] ?? [];
      const batch = own.slice(at, at + chance.batchSize());
      if (batch.length === 0) return;
      const lastOffset = at + batch.length - 1;
      const fetched = { topic, partition, fetchedOffset: at, records: batch, lastOffset, highWatermark: own.length };
      if (listener.fetched(fetched) === 'taken') places.set(partition, lastOffset + 1);
    }

    return {
      topics: async () => [topic],
      partitionsOf: async () => new Map([[topic, records.length]]),
      bounds: async () => new Map(records.map((own, partition) => [partition, { low: 0, high: own.length }] as const)),
      committed: async () => committed,
      async run(_, listener, signal) {
        isRunning = true;
        listener.assigned(new Map([[topic, partitions]]));
        while (!signal.aborted) {
          await nextTurn();
          listener.heard();
          if (chance.rebalances()) {
            listener.assigned(new Map([[topic, partitions.slice(1)]]));
            await nextTurn();
            listener.assigned(new Map([[topic, partitions]]));
          }
          for (const partition of partitions) if (!paused.has(partition)) fetch(listener, partition);
        }
        isRunning = false;
      },
      seek: (_, partition, offset) => void places.set(partition, offset),
      pause: (_, partition) => void paused.add(partition),
      resume: (_, partition) => void paused.delete(partition),
      async commit(offsets) {
        if (!isRunning) throw new Error('no member');
        for (const { partition, offset, metadata } of offsets) committed.set(partition, { offset, metadata });
      },
      close: async () => {},
    };
  }
  return { connect, committed };
}
