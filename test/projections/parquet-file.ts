/**
 * Writes Parquet files of required columns, one row group, plain and unpacked, by the format's own description
 * (parquet.thrift, Encodings.md): what Spark writes and DuckDB does not, such as INT96.
 */
export interface WrittenColumn {
  readonly name: string;
  /** Type of parquet.thrift. */
  readonly type: 'INT64' | 'INT96' | 'BYTE_ARRAY';
  /** A ConvertedType, or none. */
  readonly converted?: number;
  /** Each in the plain encoding of the type. */
  readonly values: readonly Buffer[];
}

const TYPES = { INT64: 2, INT96: 3, BYTE_ARRAY: 6 } as const;

/** Thrift's compact protocol: fields by id, each with its type and its bytes. */
type Field = readonly [id: number, type: number, value: Buffer];

const I32 = 5;
const I64 = 6;
const BINARY = 8;
const LIST = 9;
const STRUCT = 12;

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

const int = (id: number, value: number, type = I32): Field => [id, type, varint(value * 2)];
const text = (value: string) => Buffer.concat([varint(Buffer.byteLength(value)), Buffer.from(value)]);
const struct = (...fields: readonly Field[]): Buffer => {
  let before = 0;
  const parts = fields.flatMap(([id, type, value]) => {
    const head = Buffer.from([((id - before) << 4) | type]);
    before = id;
    return [head, value];
  });
  return Buffer.concat([...parts, Buffer.from([0])]);
};
const list = (id: number, type: number, items: readonly Buffer[]): Field => {
  return [id, LIST, Buffer.concat([Buffer.from([(items.length << 4) | type]), ...items])];
};

export function parquetFile(columns: readonly WrittenColumn[]): Buffer {
  const rows = columns[0]?.values.length ?? 0;
  const parts: Buffer[] = [Buffer.from('PAR1')];
  let end = 4;
  const chunks = columns.map(({ name, type, values }) => {
    const data = Buffer.concat(values);
    const page = struct(int(1, rows), int(2, 0), int(3, 3), int(4, 3));
    const header = struct(int(1, 0), int(2, data.length), int(3, data.length), [5, STRUCT, page]);
    const offset = end;
    const size = header.length + data.length;
    parts.push(header, data);
    end += size;
    const meta = struct(
      int(1, TYPES[type]),
      list(2, I32, [varint(0)]),
      list(3, BINARY, [text(name)]),
      int(4, 0),
      int(5, rows, I64),
      int(6, size, I64),
      int(7, size, I64),
      int(9, offset, I64),
    );
    return struct(int(2, offset, I64), [3, STRUCT, meta]);
  });
  const root = struct([4, BINARY, text('schema')], int(5, columns.length));
  const elements = columns.map(({ name, type, converted }) => {
    const known: Field[] = converted === undefined ? [] : [int(6, converted)];
    return struct(int(1, TYPES[type]), int(3, 0), [4, BINARY, text(name)], ...known);
  });
  const group = struct(list(1, STRUCT, chunks), int(2, end - 4, I64), int(3, rows, I64));
  const footer = struct(int(1, 1), list(2, STRUCT, [root, ...elements]), int(3, rows, I64), list(4, STRUCT, [group]));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(footer.length);
  return Buffer.concat([...parts, footer, length, Buffer.from('PAR1')]);
}
