/** Where the events of a window come together: in the partitions of its stream, or in those of an exchange. */
import { isOfStream, type Relation, readBy } from './sections/relation.ts';

/** What a data directory has of exchanges. */
export interface KnownExchanges {
  /** How many partitions one of this name has; undefined when there is none. */
  partitionsOf(name: string): number | undefined;
  /** The windows that it was last run for; none when there is none. */
  windowsOf(name: string): readonly string[];
}

export const NO_EXCHANGES: KnownExchanges = { partitionsOf: () => undefined, windowsOf: () => [] };

interface Grouping {
  readonly name: string;
  /** null: one group. */
  readonly key: string | null;
  readonly top?: unknown;
}

/** Partitions that a window runs in. */
export interface WindowPlace {
  /** What their logs are named for. */
  readonly log: string;
  readonly partitions: number;
  readonly isExchange: boolean;
  /** One partition gets all events, whatever their key. */
  readonly isWhole: boolean;
}

export function windowPlace(window: Grouping, of: Relation, known: KnownExchanges): WindowPlace {
  const read = readBy(of);
  if (isOfStream(of) && !spansPartitions(window, of)) {
    return { log: read.name, partitions: read.partitions, isExchange: false, isWhole: false };
  }
  const former = formerName(read.name);
  if (known.windowsOf(former).includes(window.name)) {
    return { log: former, partitions: 1, isExchange: true, isWhole: true };
  }
  const log = exchangeName(window, of);
  if (isWholeGroup(window)) return { log, partitions: 1, isExchange: true, isWhole: true };
  const partitions = known.partitionsOf(log) ?? of.partitions;
  return { log, partitions, isExchange: true, isWhole: false };
}

/** Every window of a stream that needs all of its events shares one; so do those that are keyed by one field. */
export function exchangeName(window: Omit<Grouping, 'name'>, of: Relation): string {
  return isWholeGroup(window) ? `${readBy(of).name}.all` : `${of.name}.by.${window.key}`;
}

function isWholeGroup({ key, top }: Omit<Grouping, 'name'>): boolean {
  return key === null || (top !== undefined && top !== null);
}

/** Whether a result of the window may need events of several partitions. */
function spansPartitions(window: Grouping, of: Relation): boolean {
  return of.partitions > 1 && (isWholeGroup(window) || window.key !== of.key);
}

/** Of the only log that took in everything, in versions before there were exchanges. */
function formerName(stream: string): string {
  return `${stream}.repartition`;
}
