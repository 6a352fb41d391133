/**
 * The partitions of a stream as a source meets them, on a journal that outlives its process: a batch waits in a bounded
 * queue, is committed in a turn of its own, and is acknowledged when the journal has it already. Whatever a source does
 * that its port forbids is kept as a word in `wrongs`.
 */
import { createRegistry } from '../../src/messages/registry.ts';
import { filePositionType, tablePositionType, topicPositionType } from '../../src/messages/types.ts';
import { createKnownPlaces, type Places } from '../../src/partition/known-places.ts';
import type { Batch, Intake } from '../../src/sources/source.ts';

const PLACES = createRegistry([filePositionType, topicPositionType, tablePositionType]);

/** What a process leaves: by partition, the batches in order and where the source stands. */
export interface Journaled {
  readonly batches: Batch[][];
  readonly positions: number[];
}

export interface PartitionsOptions {
  readonly journaled: Journaled;
  /** Batches that wait in a partition at most. */
  readonly bound?: number;
  /** Turns of the event loop that a commit takes. */
  commitTurns?(): number;
}

export interface JournaledPartitions extends Intake {
  readonly wrongs: string[];
  /** Batches that were acknowledged because the journal had them. */
  repeated(): number;
  /** The most that ever waited in one partition, those in `deliver` included. */
  deepest(): number;
  isOpen(partition: number): boolean;
  /** The process ends, and nothing is taken any more. What waits is rejected, though some of it is in the journal by then. */
  crash(committed: number): void;
  /** Everything that waits is rejected, and the partitions are closed until the source opens them again. */
  giveUp(): void;
  /** Resolves when nothing waits any more. */
  settled(): Promise<void>;
}

export function newJournal(partitions: number): Journaled {
  return {
    batches: Array.from({ length: partitions }, () => []),
    positions: Array.from({ length: partitions }, () => 0),
  };
}

export function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

export function journaledPartitions(options: PartitionsOptions): JournaledPartitions {
  const { journaled, bound = 4, commitTurns = () => 1 } = options;
  const partitions = journaled.positions.length;
  const open = new Set<number>();
  const queues = journaled.positions.map((): Batch[] => []);
  const delivering = journaled.positions.map(() => 0);
  const working = new Set<number>();
  const wrongs: string[] = [];
  let repeated = 0;
  let deepest = 0;
  let crashed: Error | null = null;

  function requireOpen(partition: number, what: string): void {
    if (open.has(partition)) return;
    wrongs.push(`${what} of partition ${partition}, which is not open`);
    throw new Error(`Partition ${partition} is closed`);
  }

  function commit(partition: number, { next: given, blocks, source }: Batch): { firstOffset: number; count: number } {
    const before = journaled.positions[partition] ?? 0;
    const next = given ?? before + blocks.reduce((sum, { count }) => sum + count, 0);
    if (next > before) {
      journaled.batches[partition]?.push({ source, next, blocks });
      journaled.positions[partition] = next;
    } else repeated += 1;
    return { firstOffset: before, count: next - before };
  }

  async function work(partition: number): Promise<void> {
    if (working.has(partition)) return;
    working.add(partition);
    const queue = queues[partition] ?? [];
    while (queue.length > 0 && crashed === null) {
      for (let turns = commitTurns(); turns > 0; turns--) await nextTurn();
      if (crashed !== null) break;
      const [batch] = queue;
      if (batch === undefined) break;
      const acknowledged = commit(partition, batch);
      queue.shift();
      batch.onDurable?.(acknowledged);
    }
    working.delete(partition);
  }

  function placesOf(partition: number): Places {
    requireOpen(partition, 'its places');
    const known = createKnownPlaces(PLACES);
    for (const { blocks } of journaled.batches[partition] ?? []) known.note(blocks);
    return known.all();
  }

  const intake: JournaledPartitions = {
    stream: 'payments.transactions',
    partitions,
    wrongs,
    repeated: () => repeated,
    deepest: () => deepest,
    isOpen: (partition) => open.has(partition),
    async open(partition, signal) {
      signal.throwIfAborted();
      await nextTurn();
      if (crashed !== null) throw crashed;
      if (!(partition >= 0 && partition < partitions)) wrongs.push(`there is no partition ${partition}`);
      open.add(partition);
    },
    async close(partition) {
      open.delete(partition);
      while ((queues[partition]?.length ?? 0) > 0 && crashed === null) await nextTurn();
    },
    position(_, partition) {
      requireOpen(partition, 'the position');
      return journaled.positions[partition] ?? 0;
    },
    files: (partition) => placesOf(partition).files,
    topics: (partition) => placesOf(partition).topics,
    tables: (partition) => placesOf(partition).tables,
    hasEnded(partition) {
      requireOpen(partition, 'the end');
      return false;
    },
    async deliver(partition, batch) {
      if (crashed !== null) throw crashed;
      requireOpen(partition, 'a batch');
      const queue = queues[partition] ?? [];
      delivering[partition] = (delivering[partition] ?? 0) + 1;
      deepest = Math.max(deepest, queue.length + (delivering[partition] ?? 0));
      try {
        while (queue.length >= bound) {
          await nextTurn();
          if (crashed !== null) throw crashed;
          if (!open.has(partition)) throw new Error(`Partition ${partition} is closed`);
        }
      } finally {
        delivering[partition] = (delivering[partition] ?? 0) - 1;
      }
      queue.push(batch);
      void work(partition);
    },
    hasRoom: (partition) => open.has(partition) && (queues[partition]?.length ?? 0) < bound,
    offer(partition, batch) {
      if (!intake.hasRoom(partition)) return false;
      queues[partition]?.push(batch);
      void work(partition);
      return true;
    },
    crash(committed) {
      for (const [partition, queue] of queues.entries()) {
        for (const batch of queue.slice(0, committed)) commit(partition, batch);
      }
      crashed = new Error('The service is stopping');
      intake.giveUp();
    },
    giveUp() {
      open.clear();
      const reason = new Error('The partition has failed');
      for (const queue of queues) for (const batch of queue.splice(0)) batch.onRejected?.(reason);
    },
    async settled() {
      while (queues.some((queue) => queue.length > 0)) await nextTurn();
    },
  };
  return intake;
}
