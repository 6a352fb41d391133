/** Types of Parquet's columns, as DuckDB has them, as types of Avro that hold the same values. */

import {
  DuckDBArrayType,
  DuckDBDecimalType,
  DuckDBListType,
  DuckDBMapType,
  DuckDBStructType,
  type DuckDBType,
  DuckDBTypeId,
} from '@duckdb/node-api';
import { annotated } from '../messages/annotated.ts';
import type { AvroField, AvroSchema } from '../messages/avro.ts';

/**
 * The Avro type of a DuckDB type. `path` makes names for records within. Throws, naming the type, when Avro has no such
 * type.
 */
export function avroOfParquet(type: DuckDBType, path: string): AvroSchema {
  if (type instanceof DuckDBListType || type instanceof DuckDBArrayType) {
    return { type: 'array', items: ['null', avroOfParquet(type.valueType, `${path}_item`)] };
  }
  if (type instanceof DuckDBMapType) {
    return { type: 'map', values: ['null', avroOfParquet(type.valueType, `${path}_value`)] };
  }
  if (type instanceof DuckDBStructType) {
    const fields = type.entryNames.map(
      (name, i): AvroField => ({
        name,
        type: ['null', avroOfParquet(type.entryTypes[i] ?? type, `${path}_${name}`)],
        default: null,
      }),
    );
    return { type: 'record', name: recordName(path), fields };
  }
  if (type instanceof DuckDBDecimalType) return decimal(type.width, type.scale);
  const found = SINGLE[type.typeId];
  if (found === undefined) throw new Error(`${type.toString()} is a type that Avro has none for`);
  return found;
}

function decimal(precision: number, scale: number): AvroSchema {
  return annotated('bytes', 'decimal', { precision, scale });
}

const MICROS: AvroSchema = annotated('long', 'timestamp-micros');
const MILLIS: AvroSchema = annotated('long', 'timestamp-millis');

const SINGLE: Readonly<Partial<Record<DuckDBTypeId, AvroSchema>>> = {
  [DuckDBTypeId.BOOLEAN]: 'boolean',
  [DuckDBTypeId.TINYINT]: 'int',
  [DuckDBTypeId.SMALLINT]: 'int',
  [DuckDBTypeId.INTEGER]: 'int',
  [DuckDBTypeId.UTINYINT]: 'int',
  [DuckDBTypeId.USMALLINT]: 'int',
  [DuckDBTypeId.UINTEGER]: 'long',
  [DuckDBTypeId.BIGINT]: 'long',
  [DuckDBTypeId.UBIGINT]: decimal(20, 0),
  [DuckDBTypeId.HUGEINT]: decimal(39, 0),
  [DuckDBTypeId.FLOAT]: 'float',
  [DuckDBTypeId.DOUBLE]: 'double',
  [DuckDBTypeId.VARCHAR]: 'string',
  [DuckDBTypeId.ENUM]: 'string',
  [DuckDBTypeId.BLOB]: 'bytes',
  [DuckDBTypeId.UUID]: annotated('string', 'uuid'),
  [DuckDBTypeId.DATE]: annotated('int', 'date'),
  [DuckDBTypeId.TIME]: annotated('long', 'time-micros'),
  [DuckDBTypeId.TIMESTAMP]: MICROS,
  [DuckDBTypeId.TIMESTAMP_TZ]: MICROS,
  [DuckDBTypeId.TIMESTAMP_NS]: MICROS,
  [DuckDBTypeId.TIMESTAMP_MS]: MILLIS,
  [DuckDBTypeId.TIMESTAMP_S]: MILLIS,
};

function recordName(path: string): string {
  const words = path.split(/[^A-Za-z0-9]+/).map((word) => word.slice(0, 1).toUpperCase() + word.slice(1));
  return words.join('');
}
