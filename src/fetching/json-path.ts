/** Where a value stands in an answer: `hourly.time`, `data.items[0].id`, or `` for the whole answer. */
import { isMap } from '../messages/json-map.ts';

export type JsonPath = readonly (string | number)[];

/** The path, or null when the text is none. */
export function parsePath(text: string): JsonPath | null {
  if (text === '') return [];
  const steps: (string | number)[] = [];
  for (const part of text.split('.')) {
    const match = /^([^[\].]+)((?:\[\d{1,9}\])*)$/.exec(part);
    if (match === null) return null;
    const [, name = '', places = ''] = match;
    steps.push(name, ...[...places.matchAll(/\d+/g)].map(([digits]) => Number(digits)));
  }
  return steps;
}

/** The value there; undefined when the answer has none. Only own members are read. */
export function valueAt(value: unknown, path: JsonPath): unknown {
  let found = value;
  for (const step of path) {
    if (typeof step === 'number') {
      if (!Array.isArray(found)) return undefined;
      found = found[step];
    } else {
      if (!isMap(found) || !Object.hasOwn(found, step)) return undefined;
      found = found[step];
    }
  }
  return found;
}
