/**
 * A source that serves all partitions of its stream, and its position in each. The position is that of the log, or
 * further on, that of the last batch that was handed over to the partition's queue since the process began. A restarted
 * source goes on after that position, so no event comes twice.
 */
import type { InputBlock } from '../messages/origins.ts';
import type { Intake } from './source.ts';

export interface Handover {
  /** Opens every partition. Resolves with what was delivered of each: everything before this position. */
  open(intake: Intake, signal: AbortSignal): Promise<number[]>;
  deliver(intake: Intake, partition: number, next: number, blocks: readonly InputBlock[]): Promise<void>;
}

export function createHandover(source: string): Handover {
  const handedOver = new Map<number, number>();
  return {
    async open(intake, signal) {
      const partitions = Array.from({ length: intake.partitions }, (_, partition) => partition);
      await Promise.all(partitions.map((partition) => intake.open(partition, signal)));
      return partitions.map((partition) =>
        Math.max(intake.position(source, partition), handedOver.get(partition) ?? 0),
      );
    },
    async deliver(intake, partition, next, blocks) {
      // A batch that its partition gave up has to come again, so the log alone says where it stands.
      const onRejected = (): void => {
        handedOver.delete(partition);
      };
      await intake.deliver(partition, { source, next, blocks, onRejected });
      handedOver.set(partition, next);
    },
  };
}
