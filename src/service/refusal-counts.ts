/** What the streams took and refused: by stream and reason, with the first example of each. */
import type { DeadLetter } from '../messages/streams.ts';

/** Counts of one stream. */
interface Taken {
  events: number;
  /** Refused events by reason. */
  readonly refused: Map<string, Refused>;
}

interface Refused {
  count: number;
  first: RefusedExample;
}

export type RefusedExample = Pick<DeadLetter, 'source' | 'position' | 'detail'>;

export interface RefusalCount {
  readonly stream: string;
  readonly reason: string;
  readonly count: number;
  /** The example: of the source that had the first refusal, the refused event that lies first in it. */
  readonly first: RefusedExample;
}

export type RefusalCounts = Map<string, Taken>;

export function countTaken(
  counts: RefusalCounts,
  stream: string,
  events: number,
  letters: readonly DeadLetter[],
): void {
  const taken = counts.get(stream) ?? { events: 0, refused: new Map<string, Refused>() };
  counts.set(stream, taken);
  taken.events += events;
  for (const { reason, source, position, detail } of letters) add(taken, reason, 1, { source, position, detail });
}

export function addRefusals(sum: RefusalCounts, counts: RefusalCounts): void {
  for (const [stream, { events, refused }] of counts) {
    countTaken(sum, stream, events, []);
    const taken = sum.get(stream);
    if (taken === undefined) continue;
    for (const [reason, { count, first }] of refused) add(taken, reason, count, first);
  }
}

function add({ refused }: Taken, reason: string, count: number, example: RefusedExample): void {
  const known = refused.get(reason);
  if (known === undefined) {
    refused.set(reason, { count, first: example });
    return;
  }
  known.count += count;
  if (example.source === known.first.source && example.position < known.first.position) known.first = example;
}

/** The refusals, the most frequent first. */
export function refusalsOf(counts: RefusalCounts): RefusalCount[] {
  const all = [...counts].flatMap(([stream, { refused }]) =>
    [...refused].map(([reason, { count, first }]) => ({ stream, reason, count, first })),
  );
  return all.sort((one, other) => other.count - one.count);
}

/** How many events of a stream were refused, for whatever reason. */
export function refusedOf(counts: RefusalCounts, stream: string): number {
  const refused = counts.get(stream)?.refused.values() ?? [];
  return [...refused].reduce((sum, { count }) => sum + count, 0);
}

/** The refused share of all events that came to each stream, from 0 to 1. */
export function refusedShares(counts: RefusalCounts): ReadonlyMap<string, number> {
  return new Map(
    [...counts].map(([stream, { events }]) => {
      const letters = refusedOf(counts, stream);
      return [stream, letters === 0 ? 0 : letters / (events + letters)];
    }),
  );
}
