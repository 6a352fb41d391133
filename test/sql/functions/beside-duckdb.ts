/** Calls of functions on random arguments, here and in DuckDB: one query for all of them, and what differs as lines. */
import {
  DuckDBBlobValue,
  type DuckDBConnection,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBInstance,
  DuckDBIntervalValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBValue,
} from '@duckdb/node-api';
import fc from 'fast-check';
import { microsOf } from '../../../src/sql/calendar.ts';
import { FUNCTIONS } from '../../../src/sql/functions.ts';
import { isDecimal, isInterval, isList } from '../../../src/sql/kinds.ts';
import { type SqlType, typeText } from '../../../src/sql/type.ts';
import { exactInteger, SqlError, type SqlValue } from '../../../src/sql/value.ts';
import { decimalText } from '../../../src/sql/value-text.ts';

export interface Argument {
  readonly type: SqlType;
  readonly values: fc.Arbitrary<SqlValue>;
  /** The type in DuckDB, where it has to be a narrower one. */
  readonly as?: string;
  /** It is always this, written in the call itself: for what DuckDB wants as a constant. */
  readonly constant?: SqlValue;
}

export interface Calls {
  readonly name: string;
  readonly args: readonly Argument[];
  /** Of doubles: the last digits may differ. */
  readonly isNear: boolean;
  /** Of lists: in any order. */
  readonly isUnordered?: boolean;
}

export function calls(name: string, ...args: readonly Argument[]): Calls {
  return { name, args, isNear: false };
}

export function nearCalls(name: string, ...args: readonly Argument[]): Calls {
  return { name, args, isNear: true };
}

export function unorderedCalls(name: string, ...args: readonly Argument[]): Calls {
  return { name, args, isNear: false, isUnordered: true };
}

let connection: Promise<DuckDBConnection> | null = null;

function duckdb(): Promise<DuckDBConnection> {
  connection ??= DuckDBInstance.create(':memory:', { threads: '1' }).then((instance) => instance.connect());
  return connection;
}

interface Asked {
  readonly each: Calls;
  readonly rows: readonly (readonly SqlValue[])[];
}

/** What is not the same, as "call: here … DuckDB …". */
export async function differences(all: readonly Calls[], rowsOfEach: number): Promise<string[]> {
  const asked = all.map((each) => {
    const row = fc.tuple(
      ...each.args.map(({ values, constant }) =>
        constant === undefined ? fc.option(values, { freq: 12, nil: null }) : fc.constant(constant),
      ),
    );
    return { each, rows: fc.sample(row, each.args.length === 0 ? 1 : rowsOfEach) };
  });
  const columns = asked.map(({ each, rows }, i) => `(${queryOf(each, rows)}) AS f${i}`);
  const reader = await (await duckdb()).runAndReadAll(`SELECT ${columns.join(',\n')}`);
  const [answers = []] = reader.getRows();
  return asked.flatMap(({ each, rows }, i) => {
    const answer = answers[i] ?? null;
    const { t = null, v = null } = answer instanceof DuckDBStructValue ? answer.entries : {};
    return [...typeDifference(each, String(t)), ...valueDifferences({ each, rows }, v)];
  });
}

function queryOf({ name, args }: Calls, rows: readonly (readonly SqlValue[])[]): string {
  const names = args.map((_, i) => `a${i}`);
  const values = rows.map(
    (row, i) => `(${[i, ...row.map((value, k) => literal(value, args[k]!.type, args[k]!.as))].join(', ')})`,
  );
  const inCall = args.map(({ type, constant }, i) => (constant === undefined ? names[i] : bare(constant, type)));
  const call = `TRY(${name}(${inCall.join(', ')}))`;
  return `SELECT {'v': list(${call} ORDER BY i), 't': any_value(typeof(${call}))} FROM (VALUES ${values.join(', ')}) AS r(${['i', ...names].join(', ')})`;
}

function typeDifference({ name, args }: Calls, theirs: string): string[] {
  const own = functionNamed(name).resultType(
    args.map(({ type }) => type),
    args.map(({ constant }) => constant),
  );
  const call = `${name}(${args.map(({ type }) => typeText(type)).join(', ')})`;
  if ('wrong' in own) return [`${call}: ${own.wrong}`];
  const normal = theirs
    .replace(/\b(U?(TINY|SMALL|HUGE|BIG)INT|U?INTEGER)\b/g, 'BIGINT')
    .replace(/TIMESTAMP WITH TIME ZONE/g, 'TIMESTAMP')
    .replace(/\bJSON\b/g, 'VARCHAR')
    .replace(/"(key|value)"/g, '$1')
    .replace(/"NULL"/g, 'NULL');
  // A DECIMAL rounded to digits that come of a field keeps its scale.
  return typeText(own).replace(/"NULL"/g, 'NULL') === normal
    ? []
    : [`${call} is ${typeText(own)}, in DuckDB ${theirs}`];
}

function functionNamed(name: string) {
  const found = FUNCTIONS.named(name);
  if (found === undefined) throw new Error(`There is no function ${name}`);
  return found;
}

function valueDifferences({ each, rows }: Asked, answer: DuckDBValue): string[] {
  const theirs = answer instanceof DuckDBListValue ? answer.items : [];
  const fn = functionNamed(each.name);
  const types = each.args.map(({ type }) => type);
  const call =
    fn.prepare?.(
      each.args.map(({ constant }) => constant),
      types,
    ) ?? ((args) => fn.call(args, types));
  return rows.flatMap((row, i) => {
    const own = fn.seesNulls !== true && row.includes(null) ? null : outcome(call, row);
    const other = readValue(theirs[i] ?? null);
    if (isSame(own, other, each)) return [];
    const args = row.map((value, k) => literal(value, types[k]!, each.args[k]!.as)).join(', ');
    return [`${each.name}(${args}): here ${shown(own)}, in DuckDB ${shown(other)}`];
  });
}

/** A fault is null, as TRY makes it in DuckDB. */
function outcome(call: (args: readonly SqlValue[]) => SqlValue, row: readonly SqlValue[]): SqlValue {
  try {
    return call(row);
  } catch (error) {
    if (error instanceof SqlError) return null;
    throw error;
  }
}

function literal(value: SqlValue, type: SqlType, as = typeText(type)): string {
  return `CAST(${value === null ? 'NULL' : bare(value, type)} AS ${as})`;
}

function bare(value: SqlValue, type: SqlType): string {
  switch (type.kind) {
    case 'varchar':
      return textLiteral(String(value));
    case 'decimal':
      return isDecimal(value) ? `'${decimalText(value)}'` : 'NULL';
    case 'double':
      return `'${Object.is(value, -0) ? '-0.0' : String(value)}'`;
    case 'date':
      return `DATE '1970-01-01' + ${String(value)}`;
    case 'timestamp':
      return `make_timestamp(${microsOf(Number(value))})`;
    case 'interval':
      return isInterval(value)
        ? `to_months(${value.months}) + to_days(${value.days}) + to_microseconds(${microsOf(value.ms)})`
        : 'NULL';
    case 'blob':
      return `from_hex('${Buffer.isBuffer(value) ? value.toString('hex') : ''}')`;
    case 'list':
      return isList(value) ? `[${value.map((item) => literal(item, type.of)).join(', ')}]` : 'NULL';
    case 'map':
      return value instanceof Map
        ? `MAP {${[...value].map(([key, own]) => `${textLiteral(key)}: ${literal(own, type.values)}`).join(', ')}}`
        : 'NULL';
    case 'struct': {
      const record = new Map(Object.entries(Object(value)));
      const fields = type.fields.map(({ name, type: own }) => {
        return `'${name}': ${literal(asValue(record.get(name)), own)}`;
      });
      return `{${fields.join(', ')}}`;
    }
    default:
      return String(value);
  }
}

function asValue(value: unknown): SqlValue {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

/** A zero byte ends a statement, so that it is put together. */
function textLiteral(text: string): string {
  return text
    .split('\0')
    .map((part) => `'${part.replaceAll("'", "''")}'`)
    .join(' || chr(0) || ');
}

function readValue(value: DuckDBValue): SqlValue {
  if (typeof value === 'bigint') return value <= 2n ** 63n - 1n && value >= -(2n ** 63n) ? exactInteger(value) : null;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (value instanceof DuckDBDecimalValue) return { unscaled: value.value, scale: value.scale };
  if (value instanceof DuckDBDateValue) return value.days;
  if (value instanceof DuckDBTimestampValue || value instanceof DuckDBTimestampTZValue) return msOf(value.micros);
  if (value instanceof DuckDBIntervalValue) {
    return { months: value.months, days: value.days, ms: msOf(value.micros) };
  }
  if (value instanceof DuckDBBlobValue) return Buffer.from(value.bytes);
  if (value instanceof DuckDBListValue) return value.items.map(readValue);
  if (value instanceof DuckDBStructValue) {
    return Object.fromEntries(Object.entries(value.entries).map(([name, own]) => [name, readValue(own)]));
  }
  if (value instanceof DuckDBMapValue) {
    return new Map(value.entries.map(({ key, value: own }) => [String(key), readValue(own)]));
  }
  throw new Error(`A value of DuckDB's is not read: ${String(value)}`);
}

function msOf(micros: bigint): number {
  return micros % 1000n === 0n ? Number(micros / 1000n) : Number(micros) / 1000;
}

function isSame(a: SqlValue, b: SqlValue, { isNear, isUnordered }: Calls): boolean {
  if (isUnordered && isList(a) && isList(b)) return a.map(shown).sort().join() === b.map(shown).sort().join();
  if (typeof a === 'number' && typeof b === 'number') {
    return a === b || (isNear && Math.abs(a - b) <= 1e-13 * Math.max(Math.abs(a), Math.abs(b)));
  }
  if (isDecimal(a) && isDecimal(b)) {
    const scale = Math.max(a.scale, b.scale);
    return a.unscaled * 10n ** BigInt(scale - a.scale) === b.unscaled * 10n ** BigInt(scale - b.scale);
  }
  return shown(a) === shown(b);
}

function shown(value: SqlValue): string {
  if (value instanceof Map) return `MAP ${shown([...value].map(([key, own]) => [key, own]))}`;
  if (isList(value)) return `[${value.map(shown).join(', ')}]`;
  if (Buffer.isBuffer(value)) return value.toString('hex');
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value)
      .map(([name, own]) => `${name}: ${typeof own === 'object' ? shown(own) : String(own)}`)
      .join(', ')}}`;
  }
  return JSON.stringify(value);
}
