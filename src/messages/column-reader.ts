/**
 * Reads the records of a block into columns, by code that is generated for the schema, as avsc generates its own. The
 * counterpart of the record writer.
 */
import type { AvroRecord } from './avro.ts';
import { createValueSkips, type SkipValue } from './block-skip.ts';
import {
  BOOLEAN,
  BOXED,
  type ColumnField,
  DOUBLE,
  ENUM,
  FLOAT,
  INT,
  type LayoutPart,
  LONG,
  layoutFields,
  recordLayout,
  TEXT,
} from './flat-fields.ts';
import { endOfLong, readBigLong, readLong, tookWide } from './read-long.ts';
import { type SymbolTexts, symbolTexts } from './symbol-texts.ts';

/** One field of all events, a row for each, in memory that the next block reuses. */
export interface ReadField {
  readonly field: ColumnField;
  /** Values of a number: 0 where it is null, NaN where it is not finite but can't be null. Empty for a text. */
  readonly values: Float64Array;
  /** The same as 64 bits where some value of the block is beyond ±(2^53 − 1), which `values` rounds; else null. */
  readonly exact: BigInt64Array | null;
  /** Where each text or boxed value begins in the block, or a symbol in `symbols`. Empty for a number. */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  /** 1 where the field is null; empty when it never can be. */
  readonly nulls: Uint8Array;
}

export interface ReadRows {
  readonly fields: readonly ReadField[];
  /** Where each event lies in the block. */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

/** Reads a block into the memory of the one before. Throws when it does not hold as many events as it should. */
export type BlockReader = (bytes: Buffer, count: number) => ReadRows;

export interface BlockReaders {
  readonly fields: readonly ColumnField[];
  /** The fields, and records within it that may be null. */
  readonly layout: readonly LayoutPart[];
  /** By the field's place among all; null for a field without symbols. */
  readonly symbols: readonly (SymbolTexts | null)[];
  make(): BlockReader;
}

export function blockReaders(schema: AvroRecord): BlockReaders {
  const layout = recordLayout(schema);
  const fields = layoutFields(layout);
  const symbols = fields.map((field) => (field.op === ENUM ? symbolTexts(field.symbols) : null));
  const skipOf = createValueSkips();
  const skips = fields.map((field) => (field.op === BOXED ? skipOf(field.type) : null));
  const readRows = rowsReader(layout, fields, symbols, skips, false);
  // Few streams ever have such a number.
  let readWideRows: RowsReader | null = null;
  return {
    fields,
    layout,
    symbols,
    make() {
      let memory = memoryFor(fields, 0);
      return (bytes, count) => {
        if (memory.rows < count) memory = memoryFor(fields, count);
        tookWide();
        readBlock(readRows, memory, bytes, count);
        let wide: readonly (BigInt64Array | null)[] = [];
        if (tookWide()) {
          readWideRows ??= rowsReader(layout, fields, symbols, skips, true);
          wide = fields.map(({ op }) => (op === LONG ? new BigInt64Array(count) : null));
          readBlock(readWideRows, { ...memory, wide }, bytes, count);
        }
        return {
          fields: fields.map((field, i) => fieldOf(field, memory, i, count, wide[i] ?? null)),
          starts: memory.rowStarts,
          ends: memory.rowEnds,
        };
      };
    },
  };
}

interface Memory {
  readonly rows: number;
  readonly rowStarts: Uint32Array;
  readonly rowEnds: Uint32Array;
  readonly values: readonly Float64Array[];
  readonly starts: readonly Uint32Array[];
  readonly ends: readonly Uint32Array[];
  readonly nulls: readonly Uint8Array[];
  /** Longs as 64 bits, while these are read. */
  readonly wide: readonly (BigInt64Array | null)[];
}

/** Texts and boxed values lie somewhere; numbers have values. */
function hasPlaces(op: ColumnField['op']): boolean {
  return op === TEXT || op === ENUM || op === BOXED;
}

function memoryFor(fields: readonly ColumnField[], rows: number): Memory {
  const numbers = fields.map(({ op }) => (hasPlaces(op) ? 0 : rows));
  const texts = fields.map(({ op }) => (hasPlaces(op) ? rows : 0));
  return {
    rows,
    wide: [],
    rowStarts: new Uint32Array(rows),
    rowEnds: new Uint32Array(rows),
    values: numbers.map((length) => new Float64Array(length)),
    starts: texts.map((length) => new Uint32Array(length)),
    ends: texts.map((length) => new Uint32Array(length)),
    nulls: fields.map(({ isNullable }) => new Uint8Array(isNullable ? rows : 0)),
  };
}

function fieldOf(field: ColumnField, memory: Memory, i: number, count: number, wide: BigInt64Array | null): ReadField {
  const values = memory.values[i]!.subarray(0, count);
  const isWide = wide !== null && values.some((value) => Math.abs(value) > Number.MAX_SAFE_INTEGER);
  return {
    field,
    values,
    exact: isWide ? wide : null,
    starts: memory.starts[i]!.subarray(0, count),
    ends: memory.ends[i]!.subarray(0, count),
    nulls: memory.nulls[i]!.subarray(0, count),
  };
}

function readBlock(readRows: RowsReader, memory: Memory, bytes: Buffer, count: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  let row = 0;
  // An Avro array comes in runs, each behind its length; one below zero is followed by the run's size in bytes.
  for (;;) {
    let run = readLong(bytes, at);
    at = endOfLong();
    if (run === 0) break;
    if (run < 0) {
      run = -run;
      readLong(bytes, at);
      at = endOfLong();
    }
    if (run > count - row) throw new Error(`A block of ${count} events holds more`);
    at = readRows(bytes, view, at, row, row + run, memory);
    row += run;
  }
  if (row !== count) throw new Error(`A block of ${count} events holds ${row}`);
  if (at !== bytes.length) throw new Error('A block goes on behind its last event');
}

/** Fills rows from the bytes at a place on. Returns where they end; throws when the block ends before. */
type RowsReader = (bytes: Buffer, view: DataView, at: number, row: number, endRow: number, memory: Memory) => number;

function rowsReader(
  layout: readonly LayoutPart[],
  fields: readonly ColumnField[],
  symbols: readonly (SymbolTexts | null)[],
  skips: readonly (SkipValue | null)[],
  isWide: boolean,
): RowsReader {
  const floats = fields.flatMap(({ op }, i) => (op === DOUBLE || op === FLOAT ? [i] : []));
  const places = new Map(fields.map((field, i) => [field, i]));
  // The generated code holds nothing of the schema but the kinds of its fields.
  const code = [
    ...fields.map(
      (_, i) => `const v${i} = memory.values[${i}], s${i} = memory.starts[${i}], e${i} = memory.ends[${i}];`,
    ),
    ...fields.map((_, i) => `const n${i} = memory.nulls[${i}], w${i} = memory.wide[${i}];`),
    'const size = bytes.length, rowStarts = memory.rowStarts, rowEnds = memory.rowEnds;',
    'let b = 0, length = 0;',
    'const firstRow = row;',
    ...floats.map((i) => `let q${i} = 0;`),
    'for (; row < endRow; row++) {',
    'rowStarts[row] = at;',
    ...layout.map((part) => partCode(part, places, isWide)),
    'if (at > size) throw cut();',
    'rowEnds[row] = at;',
    '}',
    ...floats.map((i) => `if (q${i} !== 0) toNulls(v${i}, n${i}, firstRow, endRow);`),
    'return at;',
  ].join('\n');
  const bound = [
    ...skips.flatMap((skip, i) => (skip === null ? [] : [`const skip${i} = skips[${i}];`])),
    ...symbols.flatMap((texts, i) =>
      texts === null ? [] : [`const from${i} = symbols[${i}].starts, to${i} = symbols[${i}].ends;`],
    ),
  ].join('\n');
  const make: unknown = new Function(
    'long',
    'big',
    'end',
    'cut',
    'toNulls',
    'skips',
    'symbols',
    `${bound}\nreturn (bytes, view, at, row, endRow, memory) => {\n${code}\n};`,
  )(readLong, readBigLong, endOfLong, cut, toNulls, skips, symbols);
  if (!isRowsReader(make)) throw new Error('The generated reader is no function');
  return make;
}

function isRowsReader(value: unknown): value is RowsReader {
  return typeof value === 'function';
}

function partCode(part: LayoutPart, places: ReadonlyMap<ColumnField, number>, isWide: boolean): string {
  if (!('nullableRecord' in part)) return fieldCode(part, places.get(part) ?? 0, isWide);
  const { nullableRecord, nullBranch } = part;
  const nothing = layoutFields(nullableRecord).map((field) => nullCode(field, places.get(field) ?? 0));
  const inner = nullableRecord.map((own) => partCode(own, places, isWide));
  return `if (bytes[at++] >> 1 === ${nullBranch}) {\n${nothing.join('\n')}\n} else {\n${inner.join('\n')}\n}`;
}

/** A null, of which no bytes are left to read. */
function nullCode({ op }: ColumnField, i: number): string {
  return `n${i}[row] = 1; ${hasPlaces(op) ? `s${i}[row] = e${i}[row] = at;` : `v${i}[row] = 0;`}`;
}

function fieldCode(field: ColumnField, i: number, isWide: boolean): string {
  const { op, nullBranch, isNullable, isUnionOfOne } = field;
  const own = valueCode(op, i, isWide);
  const value = isUnionOfOne && op !== BOXED ? `at += 1; ${own}` : own;
  if (op === BOXED) {
    // The union is a part of the value.
    const mark = nullBranch < 0 ? '0' : `bytes[at] >> 1 === ${nullBranch} ? 1 : 0`;
    return isNullable ? `n${i}[row] = ${mark}; ${value}` : value;
  }
  if (nullBranch < 0) return isNullable ? `n${i}[row] = 0; ${value}` : value;
  // A union is its branch's number, zig-zagged, then the value.
  return `if (bytes[at++] >> 1 === ${nullBranch}) { ${nullCode(field, i)} } else { n${i}[row] = 0; ${value} }`;
}

/** A number minus itself: 0 unless it is not finite. The sum over a run is asked once. */
function doubtCode(i: number): string {
  return `q${i} += v${i}[row] - v${i}[row];`;
}

/** A number that is not finite becomes null, or NaN where the field can't be null. */
function toNulls(values: Float64Array, nulls: Uint8Array, fromRow: number, toRow: number): void {
  for (let row = fromRow; row < toRow; row++) {
    if (Number.isFinite(values[row])) continue;
    values[row] = nulls.length === 0 ? Number.NaN : 0;
    if (nulls.length > 0) nulls[row] = 1;
  }
}

function valueCode(op: ColumnField['op'], i: number, isWide: boolean): string {
  switch (op) {
    case INT:
      return longCode(`v${i}[row]`);
    case LONG:
      return isWide
        ? `w${i}[row] = big(bytes, at); at = end(); v${i}[row] = Number(w${i}[row]);`
        : longCode(`v${i}[row]`);
    case TEXT:
      return `${longCode('length')} s${i}[row] = at; at += length; e${i}[row] = at;`;
    case ENUM:
      return `${longCode('length')} if (!(length < to${i}.length)) throw cut(); s${i}[row] = from${i}[length]; e${i}[row] = to${i}[length];`;
    case BOXED:
      return `s${i}[row] = at; at = skip${i}(bytes, at); e${i}[row] = at;`;
    case DOUBLE:
      return `if (at + 8 > size) throw cut(); v${i}[row] = view.getFloat64(at, true); at += 8; ${doubtCode(i)}`;
    case FLOAT:
      return `if (at + 4 > size) throw cut(); v${i}[row] = view.getFloat32(at, true); at += 4; ${doubtCode(i)}`;
    case BOOLEAN:
      return `v${i}[row] = bytes[at++];`;
  }
}

/** Reads a zig-zag varint: a single byte in place, a longer one by a call. */
function longCode(target: string): string {
  return `b = bytes[at]; if (b < 128) { at += 1; ${target} = (b >>> 1) ^ -(b & 1); } else { ${target} = long(bytes, at); at = end(); }`;
}

function cut(): Error {
  return new Error('A block ends in the middle of an event');
}
