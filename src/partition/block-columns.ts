/** The columns of a batch's blocks. Each block is read once, and all columns live until the batch is over. */
import type { Block } from '../messages/block.ts';
import type { EventType } from '../messages/codec.ts';
import type { Columns } from '../messages/columns.ts';
import type { Registry } from '../messages/registry.ts';

/** `events` names the input whose type the blocks are read as. */
export interface BlockColumns<Events> {
  of(block: Block, events: Events): Columns;
  /** Ends a batch: its columns are gone, and the next batch reuses their memory. */
  forget(): void;
}

export function createBlockColumns<Events extends { readonly eventType: EventType<unknown> }>(
  registry: Registry,
): BlockColumns<Events> {
  /** The readers of each input, one for each block of a batch. */
  const readers = new Map<Events, ReturnType<EventType<unknown>['columnReader']>[]>();
  const known = new Map<Block, Columns>();
  let places = 0;
  return {
    of(block, events) {
      const before = known.get(block);
      if (before !== undefined) return before;
      const own = readers.get(events) ?? [];
      readers.set(events, own);
      const read = own[places] ?? events.eventType.columnReader();
      own[places++] = read;
      const columns = registry.columnsAs(events.eventType, block, read);
      known.set(block, columns);
      return columns;
    },
    forget() {
      known.clear();
      places = 0;
    },
  };
}
