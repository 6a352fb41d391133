/** What a user's function gives, held against the type that it declares. */
import { rescaled } from '../sql/common-type.ts';
import { type SqlType, typeText } from '../sql/type.ts';
import { exactInteger, SqlError, type SqlValue } from '../sql/value.ts';

type Read = (value: unknown) => SqlValue;

/** What it returns throws a SqlError for a value that is not of the type. */
export function resultReader(type: SqlType): Read {
  const read = readerOf(type);
  return (value) => (value === null ? null : read(value));
}

function readerOf(type: SqlType): Read {
  const wrong = (value: unknown): never => {
    throw new SqlError(`gave ${shown(value)}, which is no ${typeText(type)}`);
  };
  switch (type.kind) {
    case 'boolean':
      return (value) => (typeof value === 'boolean' ? value : wrong(value));
    case 'varchar':
      return (value) => (typeof value === 'string' ? value.toWellFormed() : wrong(value));
    case 'bigint':
      return (value) => {
        if (typeof value === 'bigint') return exactInteger(value);
        return Number.isSafeInteger(value) ? Number(value) + 0 : wrong(value);
      };
    case 'date':
      return (value) => (Number.isSafeInteger(value) ? Number(value) : wrong(value));
    case 'timestamp':
    case 'timestamptz':
      return (value) => (Number.isFinite(value) ? Number(value) : wrong(value));
    case 'double':
      return (value) => {
        if (typeof value !== 'number') return wrong(value);
        return Number.isFinite(value) ? value : null;
      };
    case 'blob':
      return (value) => (value instanceof Uint8Array ? Buffer.from(value) : wrong(value));
    case 'list': {
      const each = resultReader(type.of);
      return (value) => (Array.isArray(value) ? value.map(each) : wrong(value));
    }
    case 'map': {
      const each = resultReader(type.values);
      return (value) => {
        if (!(value instanceof Map)) return wrong(value);
        return new Map(Array.from(value, ([key, own]) => [String(key), each(own)]));
      };
    }
    case 'struct': {
      const fields = type.fields.map((field) => ({ name: field.name, read: resultReader(field.type) }));
      return (value) => {
        if (!isMap(value)) return wrong(value);
        return Object.fromEntries(fields.map(({ name, read }) => [name, read(value[name])]));
      };
    }
    case 'decimal':
      return (value) => {
        if (!isMap(value) || typeof value.unscaled !== 'bigint' || !isScale(value.scale)) return wrong(value);
        const own = rescaled({ unscaled: value.unscaled, scale: value.scale }, type.scale);
        const limit = 10n ** BigInt(type.precision);
        return own.unscaled < limit && own.unscaled > -limit ? own : wrong(value);
      };
    case 'interval':
      return (value) => {
        if (!isMap(value)) return wrong(value);
        const { months, days, ms } = value;
        if (![months, days, ms].every(Number.isFinite)) return wrong(value);
        return { months: Number(months), days: Number(days), ms: Number(ms) };
      };
    case 'null':
      return wrong;
  }
}

function isScale(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 38;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function shown(value: unknown): string {
  if (value instanceof Promise) return 'a promise (a function may not be async)';
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60));
  return typeof value === 'object' ? 'an object' : String(value);
}
