/**
 * TypeScript types inferred from Avro schema literals: the schema is the only source of a message's type.
 *
 * A schema is written once, `as const`, and its type is `FromAvro<typeof schema>`. Only the part of Avro that
 * Millrace uses is inferred; anything else becomes `never`, which makes its first use fail to compile.
 */
export type AvroPrimitive = 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string';

export interface AvroRecord {
  readonly type: 'record';
  readonly name: string;
  readonly namespace?: string;
  readonly doc?: string;
  readonly fields: readonly AvroField[];
}

export interface AvroField {
  readonly name: string;
  readonly type: AvroSchema;
  readonly doc?: string;
  readonly default?: unknown;
}

export interface AvroEnum {
  readonly type: 'enum';
  readonly name: string;
  readonly namespace?: string;
  readonly symbols: readonly string[];
  readonly default?: string;
}

export interface AvroArray {
  readonly type: 'array';
  readonly items: AvroSchema;
}

export interface AvroMap {
  readonly type: 'map';
  readonly values: AvroSchema;
}

export type AvroLogical =
  | { readonly type: 'long'; readonly logicalType: 'timestamp-millis' }
  | { readonly type: 'int'; readonly logicalType: 'date' }
  | { readonly type: 'bytes'; readonly logicalType: 'decimal'; readonly precision: number; readonly scale: number };

/** An exact number: a whole one in two's complement, of so many digits, of which the last `scale` are behind the point. */
export interface AvroDecimal {
  readonly type: 'bytes';
  readonly logicalType: 'decimal';
  readonly precision: number;
  readonly scale: number;
}

/** The full name of a type that is defined elsewhere in the schema. */
export type AvroName = `${string}.${string}`;

export const AVRO_PRIMITIVES: readonly string[] = [
  'null',
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'bytes',
  'string',
] satisfies AvroPrimitive[];

export type AvroSchema =
  | AvroPrimitive
  | AvroName
  | AvroRecord
  | AvroEnum
  | AvroArray
  | AvroMap
  | AvroLogical
  | AvroDecimal
  | readonly AvroSchema[];

/** Epoch milliseconds; Avro's `timestamp-millis`. */
export const TIMESTAMP_MILLIS = { type: 'long', logicalType: 'timestamp-millis' } as const;

/** The codec takes longs from −LONG_MAX to LONG_MAX, one less than a number holds exactly. */
export const LONG_MAX = 2 ** 53 - 2;

export function isUnion(type: AvroSchema): type is readonly AvroSchema[] {
  return Array.isArray(type);
}

/** The reverse-DNS namespace of every built-in schema. */
export const NAMESPACE = 'dev.millrace';

interface PrimitiveTypes {
  null: null;
  boolean: boolean;
  int: number;
  long: number;
  float: number;
  double: number;
  bytes: Buffer;
  string: string;
}

/** The TypeScript type of the values that an Avro schema describes; unknown for a schema of which nothing is known. */
export type FromAvro<S> = AvroSchema extends S ? unknown : FromKnownAvro<S>;

type FromKnownAvro<S> = S extends keyof PrimitiveTypes
  ? PrimitiveTypes[S]
  : S extends readonly (infer Branch)[]
    ? FromAvro<Branch>
    : S extends { type: 'record'; fields: readonly AvroField[] }
      ? { -readonly [F in S['fields'][number] as F['name']]: FromAvro<F['type']> }
      : S extends { type: 'enum'; symbols: readonly (infer Symbol)[] }
        ? Symbol
        : S extends { type: 'array'; items: infer Items }
          ? FromAvro<Items>[]
          : S extends { type: 'map'; values: infer Values }
            ? Record<string, FromAvro<Values>>
            : S extends { type: 'long' | 'int' }
              ? number
              : S extends { type: 'bytes' }
                ? Buffer
                : never;
