/**
 * The place of each partition in a table: the place that its log holds, or further on, the place of the last batch that
 * was handed over to it since the process began. The number of the piece is the position of the source, so that a
 * repeated batch is recognised.
 */
import type { InputBlock } from '../../messages/origins.ts';
import type { TablePosition } from '../../messages/table-position.ts';
import { tablePositionType } from '../../messages/types.ts';
import type { Intake } from '../source.ts';

export interface Delivery {
  readonly partition: number;
  readonly place: TablePosition;
  readonly blocks: readonly InputBlock[];
  readonly onDurable?: () => void;
  readonly onRejected: (reason: Error) => void;
}

export interface TablePlaces {
  /** Opens every partition. Resolves with where each is. */
  open(intake: Intake, signal: AbortSignal): Promise<TablePosition[]>;
  deliver(intake: Intake, delivery: Delivery): Promise<void>;
}

export function tablePlaces(source: string): TablePlaces {
  const handedOver = new Map<number, TablePosition>();
  const start: TablePosition = { source, piece: 0, values: [], isWhole: false, lsn: 0, change: 0 };
  return {
    async open(intake, signal) {
      const partitions = Array.from({ length: intake.partitions }, (_, partition) => partition);
      await Promise.all(partitions.map((partition) => intake.open(partition, signal)));
      return partitions.map((partition) => {
        const journaled = intake.tables(partition).find((place) => place.source === source) ?? start;
        const handed = handedOver.get(partition) ?? start;
        return handed.piece > journaled.piece ? handed : journaled;
      });
    },
    async deliver(intake, { partition, place, blocks, onDurable, onRejected }) {
      const before = handedOver.get(partition);
      handedOver.set(partition, place);
      try {
        await intake.deliver(partition, {
          source,
          next: place.piece,
          blocks: [...blocks, tablePositionType.encodeBlock([place])],
          ...(onDurable === undefined ? {} : { onDurable }),
          onRejected(reason) {
            handedOver.delete(partition);
            onRejected(reason);
          },
        });
      } catch (error) {
        // It was not taken.
        if (handedOver.get(partition) === place) {
          if (before === undefined) handedOver.delete(partition);
          else handedOver.set(partition, before);
        }
        throw error;
      }
    },
  };
}
