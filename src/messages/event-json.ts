/**
 * Values of events as JSON. Whole numbers have all their digits, also those that no number of JavaScript holds; who reads
 * them has to keep them.
 */

/** Bytes become a text with a character for each, as in Avro's JSON. */
export function jsonOf(value: unknown): string {
  return exactJson(plain(value));
}

/** As JSON.stringify(), and with bigints as numbers. */
export function exactJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch (error) {
    // Few values have a bigint; to look for one in all of them would cost more than all the rest.
    if (error instanceof TypeError) return written(value);
    throw error;
  }
}

function written(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(written).join(',')}]`;
  const members = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return `{${members.map(([name, inner]) => `${JSON.stringify(name)}:${written(inner)}`).join(',')}}`;
}

function plain(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString('latin1');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}
