/** A key of several values, which is text: a JSON array of texts, whole numbers, truths and nulls. */

export type KeyValue = string | number | bigint | boolean | null;

/** A text in quotes, or anything else that stands between commas. */
const VALUES = /"(?:[^"\\]|\\.)*"|[^,[\]\s]+/g;

/** As keys are written: without spaces, as JSON.stringify writes each value. */
export function keyText(values: readonly KeyValue[]): string {
  return `[${values.map((value) => (typeof value === 'bigint' ? `${value}` : JSON.stringify(value))).join(',')}]`;
}

/** The values; a whole number that no double holds is a bigint. */
export function keyValues(text: string): KeyValue[] {
  return (text.match(VALUES) ?? []).map(readValue);
}

function readValue(json: string): KeyValue {
  if (json.startsWith('"')) return String(JSON.parse(json));
  if (json === 'null') return null;
  if (json === 'true' || json === 'false') return json === 'true';
  const number = Number(json);
  return Number.isSafeInteger(number) ? number : BigInt(json);
}
