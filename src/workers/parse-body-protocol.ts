/** What passes between the HTTP side of the service and the thread that parses request bodies. */
import type { AvroRecord } from '../messages/avro.ts';
import type { InputBlock } from '../messages/origins.ts';

export type BodyFormat = 'json-lines' | 'json' | 'avro-container';
export type BodyEncoding = 'identity' | 'gzip' | 'deflate' | 'zstd';

export interface EventBody {
  /** `json` is one JSON text, an array of events or one event; or lines, as many clients label them so. */
  readonly format: BodyFormat;
  readonly encoding: BodyEncoding;
  readonly bytes: Uint8Array;
}

/** What a stream's events look like, and where they go. */
export interface BodyShape {
  readonly stream: string;
  readonly schema: AvroRecord;
  readonly keyField: string;
  readonly partitions: number;
}

export interface ParseBodyTask {
  readonly shape: BodyShape;
  readonly body: EventBody;
}

/** An event of a body that could not be decoded, as its sender is told of it. */
export interface RefusedEvent {
  /** A line as an editor counts it, else the number of the event; from 1. 0 is the body as a whole. */
  readonly position: number;
  readonly reason: string;
  readonly detail: string;
}

/** All that could not be decoded, counted; the first few are shown. */
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
  /** The body as a whole is no events of the format that it says it is: nobody can tell where one ends. */
  | { readonly kind: 'unreadable'; readonly reason: string; readonly detail: string }
  /** Unpacked it is larger than BODY_BYTES_MAX, or a container's blocks than CONTAINER_BYTES_MAX. */
  | { readonly kind: 'too-large' };

/** Of a body, as it is sent and unpacked. */
export const BODY_BYTES_MAX = 16 * 1024 * 1024;
/** Of all blocks of an Avro container, which has a packing of its own, unpacked. */
export const CONTAINER_BYTES_MAX = 64 * 1024 * 1024;
export const EVENTS_A_BLOCK = 4096;
/**
 * Of one body: a dead letter is larger than a line of two bytes, and each costs an exception. With more the body is
 * refused as a whole.
 */
export const REFUSED_MAX = 100_000;
/** So many refused events are shown to the sender. */
export const REFUSED_SHOWN = 10;
