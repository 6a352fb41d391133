/**
 * Remembers what was fetched, by natural key, so that fetching it again gives no event and a revised value gives one. The
 * memory is bounded: the key touched longest ago is forgotten first, and forgetting costs a repeated event, never a lost one.
 * It is rebuilt from the stream's log by remembering each event in order.
 */
export interface KnownValues {
  readonly key: readonly string[];
  /** Fields that say something new: all but the key and what only says when it was fetched. */
  readonly values: readonly string[];
  readonly bound: number;
  readonly known: Map<string, string>;
}

type Event = Readonly<Record<string, unknown>>;

export function nothingKnown(key: readonly string[], values: readonly string[], bound: number): KnownValues {
  return { key, values, bound, known: new Map() };
}

/**
 * The events that say something new. Of several with one key the last counts: a provider that contradicts itself within an
 * answer would else be news each time. Changes nothing: remember() follows once they are durable.
 */
export function unknownOf<E extends Event>(memory: KnownValues, events: readonly E[]): E[] {
  const lastOf = new Map(events.map((event) => [text(event, memory.key), event]));
  return [...lastOf].flatMap(([key, last]) => (memory.known.get(key) === text(last, memory.values) ? [] : [last]));
}

export function remember(memory: KnownValues, events: readonly Event[]): void {
  const { known, bound } = memory;
  for (const event of events) {
    const key = text(event, memory.key);
    known.delete(key);
    known.set(key, text(event, memory.values));
  }
  for (const key of known.keys()) {
    if (known.size <= bound) return;
    known.delete(key);
  }
}

function text(event: Event, fields: readonly string[]): string {
  const values = fields.map((field) => {
    const value = event[field] ?? null;
    return typeof value === 'bigint' ? String(value) : value;
  });
  // A replacer makes JSON.stringify several times slower, and only records and lists have values within.
  const isFlat = values.every((value) => value === null || typeof value !== 'object');
  return isFlat ? JSON.stringify(values) : JSON.stringify(values, withBigInts);
}

function withBigInts(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
