/** Where the rows of a block go whose key calls functions of users: a task of a thread that is watched. */
// It says how their modules are loaded.
import '../operator-kinds/kinds.ts';
import { BUILTIN_TYPES } from '../builtin-types.ts';
import type { AvroRecord } from '../messages/avro.ts';
import type { Block } from '../messages/block.ts';
import { dynamicEventType } from '../messages/codec.ts';
import { createRegistry } from '../messages/registry.ts';
import type { CallCutOff } from '../messages/streams.ts';
import { showRunningIn } from '../operators/running.ts';
import { createRoute, type ExchangeInput, type Route } from '../partition/exchange-route.ts';
import { beginCalls } from '../sql/function-calls.ts';

export interface PlaceRowsTask {
  /** Name of the exchange. */
  readonly exchange: string;
  readonly partitions: number;
  readonly input: ExchangeInput;
  /** Of the events that are read. */
  readonly schema: AvroRecord;
  readonly block: Pick<Block, 'fingerprint' | 'count' | 'bytes'>;
  /** The schema that wrote the block, as JSON. */
  readonly writer: string;
}

/** What another thread sees of the task while it can say nothing. */
export interface WatchedPlaceRows extends PlaceRowsTask {
  readonly running: SharedArrayBuffer;
  /** Calls that are not made. */
  readonly cutOffs: readonly CallCutOff[];
}

interface Placer {
  readonly route: Route | null;
  learn(fingerprint: string, writer: string): void;
}

/** By what they are of: an exchange has a few. */
const placers = new Map<string, Placer>();

/** By row the partition, or NOWHERE. */
export default function placeRows(task: WatchedPlaceRows): Int32Array {
  const { exchange, block, writer, running, cutOffs } = task;
  showRunningIn(running);
  beginCalls(exchange, 0, cutOffs);
  const { route, learn } = placerOf(task);
  learn(block.fingerprint, writer);
  return route === null ? new Int32Array(block.count) : route.events(block).partitionOfRow;
}

function placerOf({ input, schema, partitions }: PlaceRowsTask): Placer {
  const text = JSON.stringify([input, schema, partitions]);
  const known = placers.get(text);
  if (known !== undefined) return known;
  const registry = createRegistry(BUILTIN_TYPES);
  const type = dynamicEventType(schema);
  registry.add(type);
  const reading = { ...input, logs: [], gives: { role: 'input', type } } as const;
  const made = { route: createRoute(reading, partitions, registry), learn: registry.learn };
  placers.set(text, made);
  return made;
}
