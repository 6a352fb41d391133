/** The partitions of one stream, as its source sees them. */
import type { Batch, Intake } from '../sources/source.ts';
import { END_OF_TIME_MS } from '../streams/watermark.ts';
import type { PartitionUnit } from './partition-unit.ts';

export function createIntake(stream: string, units: readonly PartitionUnit[]): Intake {
  const unitOf = (partition: number): PartitionUnit => {
    const unit = units[partition];
    if (unit === undefined) throw new RangeError(`Stream ${stream} has no partition ${partition}`);
    return unit;
  };
  /** Only the log of a closed partition says how far the partition has a source. */
  const openUnit = (partition: number): PartitionUnit => {
    const unit = unitOf(partition);
    if (!unit.door.isOpen()) throw new Error(`${unit.log.name} is closed: a source opens a partition before it asks`);
    return unit;
  };
  return {
    stream,
    partitions: units.length,
    open: (partition, signal) => unitOf(partition).door.open(signal),
    close: (partition) => unitOf(partition).door.close(),
    position: (source, partition) => openUnit(partition).position(source),
    files: (partition) => openUnit(partition).places().files,
    topics: (partition) => openUnit(partition).places().topics,
    tables: (partition) => openUnit(partition).places().tables,
    hasEnded: (partition) => openUnit(partition).status().sourceWatermarkMs >= END_OF_TIME_MS,
    deliver: (partition, batch) => unitOf(partition).mailbox.deliver(batch),
    hasRoom: (partition) => unitOf(partition).mailbox.hasRoom(),
    offer: (partition, batch) => unitOf(partition).mailbox.offer(batch),
  };
}

/**
 * A writer for events that this process makes itself: runs, actors, deliveries, observations. Each call is one batch of
 * one partition, and resolves once it is durable.
 */
export interface InternalSource {
  write(partition: number, blocks: Batch['blocks']): Promise<void>;
}

export function createInternalSource(source: string, intake: Intake): InternalSource {
  return {
    write: (partition, blocks) =>
      new Promise((resolve, reject) => {
        const batch: Batch = { source, next: null, blocks, onDurable: () => resolve(), onRejected: reject };
        intake.deliver(partition, batch).catch(reject);
      }),
  };
}
