/** The columns of the blocks of a batch: each block is read once, and all of them before any is forgotten. */
import type { Block } from '../messages/block.ts';
import type { EventType } from '../messages/codec.ts';
import type { Columns } from '../messages/columns.ts';
import type { Registry } from '../messages/registry.ts';

/** Those who read are told apart by `events`, which says as what. */
export interface BlockColumns<Events> {
  of(block: Block, events: Events): Columns;
  /** A batch is over: its columns are gone, and their memory is the next one's. */
  forget(): void;
}

export function createBlockColumns<Events extends { readonly eventType: EventType<unknown> }>(
  registry: Registry,
): BlockColumns<Events> {
  /** One a block of a batch. */
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
