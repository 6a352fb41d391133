/** The protocol between the HTTP side of the service and the threads that parse request bodies. */
import type { AvroRecord } from '../messages/avro.ts';
import type { InputBlock } from '../messages/origins.ts';
import type { TimeOptions } from '../messages/times.ts';

export type BodyFormat = 'json-lines' | 'json' | 'avro-container';
export type BodyEncoding = 'identity' | 'gzip' | 'deflate' | 'zstd';

export interface EventBody {
  /** `json` is one JSON text, an array of events or one event; or lines, as many clients label them so. */
  readonly format: BodyFormat;
  readonly encoding: BodyEncoding;
  readonly bytes: Uint8Array;
}

/** The form of a stream's events, and their partitions. */
export interface BodyShape {
  readonly stream: string;
  readonly schema: AvroRecord;
  readonly keyField: string;
  readonly times: TimeOptions;
  readonly partitions: number;
}

export interface ParseBodyTask {
  readonly shape: BodyShape;
  readonly body: EventBody;
}

/** An event that could not be decoded, as its sender hears of it. */
export interface RefusedEvent {
  /** A line as an editor counts it, else the number of the event; from 1. 0 is the body as a whole. */
  readonly position: number;
  readonly reason: string;
  readonly detail: string;
}

/** Counts of all events that could not be decoded, and the first few of them. */
export interface RefusedEvents {
  readonly count: number;
  readonly reasons: Readonly<Record<string, number>>;
  readonly first: readonly RefusedEvent[];
}

export interface PartitionBlocks {
  readonly partition: number;
  /** In the order of the body. A block has at most EVENTS_A_BLOCK events. */
  readonly blocks: readonly InputBlock[];
}

export type ParsedBody =
  | {
      readonly kind: 'parsed';
      /** SHA-256 of the body, unpacked. */
      readonly digest: Uint8Array;
      readonly events: number;
      readonly refused: RefusedEvents;
      /** Of partitions that have events, and of partition 0 when there are dead letters. */
      readonly partitions: readonly PartitionBlocks[];
    }
  /** More than REFUSED_MAX events could not be decoded: the rest is not looked at. */
  | { readonly kind: 'too-many-refused'; readonly refused: RefusedEvents }
  /** The body as a whole is not of its format: nobody can tell where an event ends. */
  | { readonly kind: 'unreadable'; readonly reason: string; readonly detail: string }
  /** The unpacked body is larger than BODY_BYTES_MAX, or a container's blocks than CONTAINER_BYTES_MAX. */
  | { readonly kind: 'too-large' };

/** Bound of a body, as sent and unpacked. */
export const BODY_BYTES_MAX = 16 * 1024 * 1024;
/** Bound of an Avro container's unpacked blocks together; a container has a packing of its own. */
export const CONTAINER_BYTES_MAX = 64 * 1024 * 1024;
/** A block is one commit, and other clients wait while the main thread derives from it: some 20 ms when all its events are late. */
export const EVENTS_A_BLOCK = 2048;
/**
 * Most dead letters of one body; with more it is refused as a whole. A dead letter is larger than a line of two bytes, and
 * each costs an exception.
 */
export const REFUSED_MAX = 100_000;
/** So many refused events are shown to the sender. */
export const REFUSED_SHOWN = 10;
