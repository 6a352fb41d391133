/**
 * The state that an operator keeps: for each key a record and timers, and one record for broadcast inputs. A call works on
 * a copy of the kept record, so that a call that fails has touched nothing. Keys are evicted by event time.
 */
import { type AvroRecord, NAMESPACE } from '../messages/avro.ts';
import { type DynamicEvent, dynamicEventType, type EventType, resolvingDecoder } from '../messages/codec.ts';
import { isMap } from '../messages/json-map.ts';
import { callCutOffSchema } from '../messages/streams.ts';
import { type OperatorState, UnreadableStateError } from '../streams/operator.ts';
import { addTimer, createTimers, nextDeadlineMs, takeTimer } from '../streams/timers.ts';
import type { SavedCutOffs } from './cut-offs.ts';
import type { Definition, Key, Row } from './definition.ts';
import { createKeyTimers, type KeyTimers, type TimedKey } from './key-timers.ts';

export interface KeyState extends TimedKey {
  readonly key: Key;
  state: Row;
  /**
   * The record that the next call works on, which was the kept one before. The two records take turns, so an event leaves
   * no garbage.
   */
  spare: Row | null;
  /** The latest event time of an event or timer of the key. */
  touchedMs: number;
}

export interface KeyStates {
  readonly timers: KeyTimers<KeyState>;
  broadcast: Readonly<Row>;
  /** The key's state for an event of this time; undefined when the key has none, or none any more. */
  find(key: Key, timeMs: number): KeyState | undefined;
  add(key: Key, state: Row, timeMs: number): KeyState;
  remove(key: KeyState): void;
  /** Removes keys that nothing has touched for the time to live, except keys that still have timers. */
  evict(watermarkMs: number): void;
  all(): Iterable<KeyState>;
  count(): number;
  /** Bytes of Avro, estimated from some of the keys. */
  bytes(): number;
  /** `beside` holds what the operator keeps besides its keys. */
  snapshot(definition: string, beside: Beside): OperatorState;
  /** Restores the keys. Returns what was kept beside them; null when there was nothing. */
  restore(state: OperatorState): DynamicEvent | null;
}

interface Beside extends SavedCutOffs {
  /** Events that wait for the watermark. */
  readonly held: readonly object[];
}

const NOTHING: Beside = { given: 0, calls: 0, cutOffs: [], held: [] };
const SAMPLED_KEYS = 64;

const HELD = {
  type: 'record',
  name: 'HeldEvent',
  fields: [
    { name: 'stream', type: 'string' },
    { name: 'timeMs', type: 'double' },
    { name: 'position', type: 'long' },
    { name: 'event', type: 'string', doc: 'As JSON.' },
  ],
} as const;

function stateSchema(definition: Definition): AvroRecord {
  return {
    type: 'record',
    name: 'OperatorKey',
    namespace: NAMESPACE,
    fields: [
      { name: 'key', type: ['null', 'long', 'string'] },
      { name: 'sequence', type: 'long', doc: 'In which order keys came; of the first record, what comes next.' },
      { name: 'touchedMs', type: 'double' },
      { name: 'timers', type: { type: 'array', items: 'long' } },
      { name: 'state', type: ['null', definition.state], doc: 'Null in the first record alone.' },
      { name: 'broadcast', type: ['null', definition.broadcast], default: null, doc: 'In the first record alone.' },
      { name: 'given', type: 'long', default: 0, doc: 'Events so far; in the first record alone.' },
      { name: 'calls', type: 'int', default: 0, doc: 'Since the last of these; in the first record alone.' },
      { name: 'cutOffs', type: { type: 'array', items: callCutOffSchema }, default: [], doc: 'As calls.' },
      { name: 'held', type: { type: 'array', items: HELD }, default: [], doc: 'In the first record alone.' },
    ],
  };
}

export function createKeyStates(definition: Definition, broadcast: Readonly<Row>, ttlMs: number | null): KeyStates {
  const type = dynamicEventType(stateSchema(definition));
  const keys = new Map<Key, KeyState>();
  /** Keys by sequence. Only the time to live needs them. */
  const bySequence = new Map<number, KeyState>();
  const expiries = createTimers();
  const timers = createKeyTimers<KeyState>();
  let nextSequence = 0;

  function put(key: KeyState): KeyState {
    keys.set(key.key, key);
    if (ttlMs !== null) {
      bySequence.set(key.sequence, key);
      addTimer(expiries, key.touchedMs + ttlMs, key.sequence);
    }
    return key;
  }
  function remove(key: KeyState): void {
    timers.removeAll(key);
    bySequence.delete(key.sequence);
    keys.delete(key.key);
  }
  function record({ key, sequence, touchedMs, timers: at, state }: KeyState): DynamicEvent {
    return { key, sequence, touchedMs, timers: at.toSorted((a, b) => a - b), state, broadcast: null, ...NOTHING };
  }

  const states: KeyStates = {
    timers,
    broadcast,
    find(key, timeMs) {
      const found = keys.get(key);
      if (ttlMs === null || found === undefined) return found;
      if (timeMs < found.touchedMs + ttlMs || found.timers.length > 0) return found;
      remove(found);
      return undefined;
    },
    add: (key, state, touchedMs) => put({ key, sequence: nextSequence++, timers: [], state, spare: null, touchedMs }),
    remove,
    evict(watermarkMs) {
      if (ttlMs === null) return;
      while (nextDeadlineMs(expiries) <= watermarkMs) {
        const key = bySequence.get(takeTimer(expiries));
        if (key === undefined) continue;
        const lastMs = Math.max(key.touchedMs, ...key.timers);
        if (lastMs + ttlMs > watermarkMs) addTimer(expiries, lastMs + ttlMs, key.sequence);
        else remove(key);
      }
    },
    all: () => keys.values(),
    count: () => keys.size,
    bytes() {
      const sampled: DynamicEvent[] = [];
      for (const key of keys.values()) {
        if (sampled.length === SAMPLED_KEYS) break;
        sampled.push(record(key));
      }
      if (sampled.length === 0) return 0;
      return Math.round((type.encodeBlock(sampled).bytes.length / sampled.length) * keys.size);
    },
    snapshot(text, beside) {
      const first = { key: null, sequence: nextSequence, touchedMs: 0, timers: [], state: null };
      const records = [{ ...first, broadcast: states.broadcast, ...beside }, ...[...keys.values()].map(record)];
      return { definition: text, schema: type.json, count: records.length, bytes: type.encodeBlock(records).bytes };
    },
    restore(saved) {
      const [first, ...records] = readRecords(type, saved);
      if (first === undefined) return null;
      nextSequence = Number(first.sequence);
      if (isMap(first.broadcast)) states.broadcast = first.broadcast;
      for (const { key, sequence, touchedMs, timers: at, state } of records) {
        if (!isKey(key) || !isMap(state) || !Array.isArray(at)) throw new UnreadableStateError('A key has no state');
        const problem = definition.unreadable?.(state) ?? null;
        if (problem !== null)
          throw new UnreadableStateError(`The state of key ${key} can't be gone on from: ${problem}`);
        const own = put({
          ...{ key, sequence: Number(sequence), timers: [], touchedMs: Number(touchedMs) },
          ...{ state: { ...state }, spare: null },
        });
        for (const instant of at) timers.set(own, Number(instant));
      }
      return first;
    },
  };
  return states;
}

function readRecords(type: EventType<DynamicEvent>, { schema, bytes }: OperatorState): DynamicEvent[] {
  if (schema === type.json) return type.decodeBlock(bytes);
  try {
    return resolvingDecoder(type, schema)(bytes);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UnreadableStateError(
      `Its state was written by a schema that can't be read as that of today: ${why}. A field that is added needs a default`,
      { cause: error },
    );
  }
}

function isKey(value: unknown): value is Key {
  return value === null || typeof value === 'string' || typeof value === 'number';
}
