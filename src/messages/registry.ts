/**
 * The registry by fingerprint: finds how to decode a block, whichever version of its schema wrote it.
 *
 * A log carries the schemas that it was written with. A block of a known fingerprint is decoded directly; one of
 * another version of a known record goes through Avro's schema resolution; an unknown record stays unread.
 */
import type { Block } from './block.ts';
import {
  type DynamicEvent,
  dynamicEventType,
  type EventSchema,
  type EventType,
  recordOf,
  resolvingDecoder,
} from './codec.ts';
import type { Columns } from './columns.ts';
import { ARRAY_KEY, joinOfRecord } from './join-result.ts';
import { ENGINE_TYPES } from './types.ts';
import { type WindowResultType, windowOfRecord, writtenWindowType } from './window-result.ts';

export interface Registry {
  /** Makes a stream's own type known. */
  add(type: EventSchema): void;
  /** Remembers a writer's schema found in a log. */
  learn(fingerprint: string, schemaJson: string): void;
  /** The record that blocks of this fingerprint hold, or undefined when neither registered nor learned. */
  nameOf(fingerprint: string): string | undefined;
  /** Decodes a block as `reader`'s type. Throws when the fingerprint is of another record or unknown. */
  decodeAs<T>(reader: EventType<T>, fingerprint: string, bytes: Uint8Array): T[];
  /** Decodes a block as columns into the caller's memory; a block in the reader's own schema costs no object an event. */
  columnsAs(reader: EventType<unknown>, block: Block, read: (block: Block) => Columns): Columns;
  /** Why some known version of this record can't be read as this type; null when all can. */
  problemReading(reader: EventType<unknown>): string | null;
  /** The window whose results blocks of this fingerprint hold, with the type that wrote them; null for other blocks. */
  windowOf(fingerprint: string): WindowResultType | null;
  /** Whether results of a window or join are known whose key is several values. */
  isKeyedBySeveral(of: string): boolean;
  /** The built-in type of this full name. */
  builtin(name: string): EventType<DynamicEvent> | undefined;
  /** The type that wrote blocks of this fingerprint; undefined when unknown. */
  writerOf(fingerprint: string): EventType<DynamicEvent> | undefined;
}

/** Knows the engine's own types, and these. */
export function createRegistry(known: readonly EventType<DynamicEvent>[] = []): Registry {
  const builtin = new Map<string, EventType<DynamicEvent>>(
    [...ENGINE_TYPES, ...known].map((type) => [type.name, type]),
  );
  const names = new Map<string, string>();
  const writers = new Map<string, string>();
  const resolving = new Map<string, (bytes: Uint8Array) => unknown[]>();
  const writerTypes = new Map<string, EventType<DynamicEvent>>();
  const windows = new Map<string, WindowResultType | null>();

  const registry: Registry = {
    add(type) {
      names.set(type.fingerprint, type.name);
      writers.set(type.fingerprint, type.json);
    },
    learn(fingerprint, schemaJson) {
      if (writers.has(fingerprint)) return;
      writers.set(fingerprint, schemaJson);
      if (!names.has(fingerprint)) names.set(fingerprint, recordOf(schemaJson).name);
    },
    nameOf: (fingerprint) => names.get(fingerprint),
    builtin: (name) => builtin.get(name),
    writerOf(fingerprint) {
      let type = writerTypes.get(fingerprint);
      const json = writers.get(fingerprint);
      if (type === undefined && json !== undefined) {
        type = dynamicEventType(recordOf(json).schema);
        writerTypes.set(fingerprint, type);
      }
      return type;
    },
    decodeAs<T>(reader: EventType<T>, fingerprint: string, bytes: Uint8Array): T[] {
      if (fingerprint === reader.fingerprint) return reader.decodeBlock(bytes);
      const key = `${reader.fingerprint}<${fingerprint}`;
      let decode = resolving.get(key);
      if (decode === undefined) {
        const writerJson = writers.get(fingerprint);
        if (writerJson === undefined) {
          throw new Error(`Schema ${fingerprint} of a block is not in the log; it was read as ${reader.name}`);
        }
        decode = resolvingDecoder(reader, writerJson);
        resolving.set(key, decode);
      }
      return decode(bytes) as T[];
    },
    columnsAs(reader, block, read) {
      if (block.fingerprint === reader.fingerprint) return read(block);
      // Written anew in the reader's schema, an event of an older one has the same columns as the others.
      const events = registry.decodeAs(reader, block.fingerprint, block.bytes);
      return { ...read(reader.encodeBlock(events)), places: null };
    },
    problemReading(reader) {
      for (const [fingerprint, json] of writers) {
        if (names.get(fingerprint) !== reader.name) continue;
        try {
          resolvingDecoder(reader, json);
        } catch (error) {
          return error instanceof Error ? error.message : String(error);
        }
      }
      return null;
    },
    isKeyedBySeveral(of) {
      return [...names].some(([fingerprint, name]) => {
        if (windowOfRecord(name) === of) return (registry.windowOf(fingerprint)?.parts.length ?? 0) > 0;
        const writer = joinOfRecord(name) === of ? registry.writerOf(fingerprint) : undefined;
        return writer?.schema.fields.some((field) => field.name === ARRAY_KEY) === true;
      });
    },
    windowOf(fingerprint) {
      let known = windows.get(fingerprint);
      if (known === undefined) {
        const window = windowOfRecord(names.get(fingerprint) ?? '');
        const json = writers.get(fingerprint);
        known = window === null || json === undefined ? null : writtenWindowType(window, recordOf(json).schema);
        windows.set(fingerprint, known);
      }
      return known;
    },
  };
  for (const type of builtin.values()) registry.add(type);
  return registry;
}
