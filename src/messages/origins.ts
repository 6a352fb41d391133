/**
 * Where the events of a block came from, row by row: position, original bytes and form, which the dead letter of a refused
 * event needs. A partition sees events as columns; only the origins know how a refused event looked.
 */
import type { Block } from './block.ts';
import { type DeadLetter, RAW_BYTES_MAX } from './streams.ts';

/** The form of an original, by which a dead letter can be read again. */
export type OriginalForm = Pick<DeadLetter, 'format' | 'context'>;

export const AS_JSON: OriginalForm = { format: 'json', context: '' };

/** The form of a part of a file, which can't be read by itself. */
export const AS_IT_CAME: OriginalForm = { format: '', context: '' };

/** A longer schema is not kept with a dead letter, which then can't be read again. */
const SCHEMA_CHARACTERS_MAX = 16 * 1024;

export function asAvro(schemaText: string): OriginalForm {
  return { format: 'avro', context: schemaText.length > SCHEMA_CHARACTERS_MAX ? '' : schemaText };
}

export interface Origins {
  /** Stable name of the source, which dead letters show. */
  readonly source: string;
  /** Position of each row: a line, a record, a sequence. */
  readonly positions: Float64Array;
  /** Null for events that this process made, which never were bytes. */
  readonly originals: Originals | null;
}

export interface Originals {
  readonly form: OriginalForm;
  /** Length of each row's original. */
  readonly lengths: Float64Array;
  /** The originals one after another, each cut as in a dead letter. */
  readonly raw: Uint8Array;
}

/** A block of a batch. */
export interface InputBlock extends Block {
  readonly origins?: Origins;
}

/** All memory of a block, to be moved to another thread. Throws when a part can't be moved. */
export function memoryOf({ bytes, origins }: InputBlock): ArrayBuffer[] {
  const { positions, originals } = origins ?? {};
  const parts = [bytes, positions, originals?.lengths, originals?.raw].filter((part) => part !== undefined);
  return parts.map(({ buffer }) => {
    if (buffer instanceof ArrayBuffer) return buffer;
    throw new Error('A block in shared memory');
  });
}

export type Original = Pick<DeadLetter, 'raw' | 'rawLength'> & OriginalForm;

export interface OriginWriter {
  /** Adds a row and copies its bytes, which may be cut: `length` is the original's. */
  add(position: number, raw: Uint8Array, length?: number): void;
  /** Gives the origins of the rows since the last call, in memory of their own. */
  take(source: string, form: OriginalForm): Origins;
}

const INITIAL_ROWS = 16;
const INITIAL_BYTES = 1 << 10;

export function createOriginWriter(): OriginWriter {
  let positions = new Float64Array(INITIAL_ROWS);
  let lengths = new Float64Array(INITIAL_ROWS);
  let raw = new Uint8Array(INITIAL_BYTES);
  let rows = 0;
  let bytes = 0;

  return {
    add(position, original, length = original.byteLength) {
      const kept = Math.min(original.byteLength, RAW_BYTES_MAX);
      if (rows === positions.length) {
        positions = grown(positions, 2 * rows);
        lengths = grown(lengths, 2 * rows);
      }
      if (bytes + kept > raw.length) {
        const larger = new Uint8Array(2 * (bytes + kept));
        larger.set(raw.subarray(0, bytes));
        raw = larger;
      }
      positions[rows] = position;
      lengths[rows] = length;
      rows += 1;
      raw.set(kept === original.byteLength ? original : original.subarray(0, kept), bytes);
      bytes += kept;
    },
    take(source, form) {
      const taken = {
        source,
        positions: positions.slice(0, rows),
        originals: { form, lengths: lengths.slice(0, rows), raw: raw.slice(0, bytes) },
      };
      rows = 0;
      bytes = 0;
      return taken;
    },
  };
}

function grown(values: Float64Array<ArrayBuffer>, length: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(length);
  larger.set(values);
  return larger;
}

export interface OriginReader {
  /** The original of a row; null for an event that never was bytes. */
  original(row: number): Original | null;
  /** The origins of some rows, in memory of their own. */
  select(rows: readonly number[]): Origins;
}

export function readOrigins({ source, positions, originals }: Origins): OriginReader {
  const starts = originals === null ? null : startsOf(originals.lengths);

  function original(row: number): Original | null {
    if (originals === null || starts === null) return null;
    const { buffer, byteOffset } = originals.raw;
    const start = starts[row]!;
    const raw = Buffer.from(buffer, byteOffset + start, starts[row + 1]! - start);
    return { ...originals.form, raw, rawLength: originals.lengths[row]! };
  }
  return {
    original,
    select(rows) {
      const writer = createOriginWriter();
      for (const row of rows) {
        const found = original(row);
        writer.add(positions[row]!, found?.raw ?? NO_BYTES, found?.rawLength);
      }
      const selected = writer.take(source, originals?.form ?? AS_JSON);
      return originals === null ? { ...selected, originals: null } : selected;
    },
  };
}

const NO_BYTES = new Uint8Array();

/** Where each row starts, and one entry more for the end. */
function startsOf(lengths: Float64Array): Float64Array {
  const starts = new Float64Array(lengths.length + 1);
  for (const [row, length] of lengths.entries()) starts[row + 1] = starts[row]! + Math.min(length, RAW_BYTES_MAX);
  return starts;
}
