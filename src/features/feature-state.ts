/**
 * The state of a stage, as records of a snapshot: the rows of each key, the events that wait, and the labels that wait.
 */
import { Buffer } from 'node:buffer';
import { type AvroRecord, NAMESPACE } from '../messages/avro.ts';
import { eventTypeOf } from '../messages/codec.ts';
import type { Key } from '../streams/key-column.ts';
import type { AsOfState } from './as-of.ts';
import { type KeyWindows, placeOfRow, rowsOf } from './key-windows.ts';
import { OWN, placesInOrder, type WaitingEvents } from './waiting-events.ts';
import type { Label } from './waiting-labels.ts';

const featureStateSchema = {
  type: 'record',
  name: 'FeatureState',
  namespace: NAMESPACE,
  doc: 'A key with its rows, an event that waits for the watermark, a label or an event of another stream that waits for its time, or the newest of those that do not.',
  fields: [
    {
      name: 'what',
      type: { type: 'enum', name: 'FeaturePart', symbols: ['key', 'event', 'label', 'latest', 'coming'] },
    },
    { name: 'key', type: ['null', 'long', 'string'] },
    { name: 'numbers', type: 'bytes', doc: 'Doubles, least byte first.' },
    { name: 'event', type: 'bytes', doc: 'The Avro of an event that waits.' },
  ],
} as const satisfies AvroRecord;

export interface FeatureState {
  readonly what: 'key' | 'event' | 'label' | AsOfState['what'];
  readonly key: Key;
  readonly numbers: Buffer;
  readonly event: Buffer;
}

export const featureStateType = eventTypeOf<FeatureState>(featureStateSchema);

const NOTHING = Buffer.alloc(0);

/** The rows of a key in their order. */
export function keyState(all: KeyWindows, index: number, key: Key): FeatureState {
  const { first, next } = rowsOf(all, index);
  const { stride, rows } = all.arena;
  const numbers = new Float64Array((next - first) * stride);
  for (let row = first; row < next; row++) {
    const place = placeOfRow(all, index, row);
    numbers.set(rows.subarray(place, place + stride), (row - first) * stride);
  }
  return { what: 'key', key, numbers: bytesOf(numbers), event: NOTHING };
}

/** Events that wait, in order; `keyOf` says whose key the first of their own numbers is. */
export function waitingStates(waiting: WaitingEvents, keyOf: (index: number) => Key): FeatureState[] {
  return placesInOrder(waiting).map((place): FeatureState => {
    const at = place * waiting.stride;
    return {
      what: 'event',
      key: keyOf(waiting.numbers[at + OWN]!),
      numbers: bytesOf(waiting.numbers.slice(at, at + waiting.stride)),
      event: Buffer.from(waiting.bytes.slice(waiting.starts[place], waiting.ends[place])),
    };
  });
}

export function labelState({ key, knownAtMs, id, eventMs, values }: Label): FeatureState {
  return { what: 'label', key, numbers: bytesOf(Float64Array.of(knownAtMs, id, eventMs, ...values)), event: NOTHING };
}

export function labelOf({ key, numbers }: FeatureState): Label {
  const [knownAtMs = 0, id = 0, eventMs = Number.NaN, ...values] = numbersOf(numbers);
  return { key, knownAtMs, id, eventMs, values };
}

export function asOfState({ what, reading, key, timeMs, order, values }: AsOfState): FeatureState {
  return { what, key, numbers: bytesOf(Float64Array.of(reading, timeMs, order, ...values)), event: NOTHING };
}

export function asOfOf({ key, numbers }: FeatureState, what: AsOfState['what']): AsOfState {
  const [reading = 0, timeMs = 0, order = 0, ...values] = numbersOf(numbers);
  return { what, reading, key, timeMs, order, values };
}

function bytesOf(numbers: Float64Array): Buffer {
  return Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

export function numbersOf(bytes: Uint8Array): Float64Array {
  return new Float64Array(Uint8Array.from(bytes).buffer);
}
