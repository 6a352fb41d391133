/** What a file of JSON lines has: every line is read to say what its fields are. */

import { openInput } from '../sources/file/open.ts';
import { createLineSplitter } from '../sources/lines.ts';
import { timeOf } from './found-time.ts';
import { addValue, emptyShape, isNullableIn, type JsonShape, schemaOf } from './json-shape.ts';
import { DraftError, type Found, type FoundField } from './stream-draft.ts';

export async function jsonlFile(path: string): Promise<Found> {
  const shape = emptyShape();
  let records = 0;
  let misfits = 0;
  const splitter = createLineSplitter({
    line(bytes) {
      if (bytes.length === 0) return;
      const event = eventOf(bytes);
      // A control line of a script is no event.
      if (event !== null && Object.keys(event).length === 0) return;
      records += 1;
      if (event === null) misfits += 1;
      else addValue(shape, event);
    },
    tooLong() {
      records += 1;
      misfits += 1;
    },
  });
  for await (const bytes of openInput(path)) splitter.push(bytes);
  splitter.end();
  if (shape.fields === null) throw new DraftError('it has no line that is a JSON object');
  return {
    fields: [...shape.fields].map(([name, own]) => fieldOf(name, own, shape.objects)),
    records,
    misfits,
    format: {},
    timesIn: 'jsonl',
    canRename: false,
  };
}

/** The fields of a line; null when it is no object. */
function eventOf(bytes: Buffer): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
    const words = Object.entries(value);
    if (
      words.some(([name]) =>
        ['$watermark', '$idle', '$active', '$advanceClock', '$snapshot', '$restart'].includes(name),
      )
    )
      return {};
    return Object.fromEntries(words.filter(([name]) => !name.startsWith('$')));
  } catch {
    return null;
  }
}

function fieldOf(name: string, shape: JsonShape, objects: number): FoundField {
  const { numbers, texts, booleans, items, fields } = shape;
  const kinds = numbers?.kinds ?? texts?.kinds;
  const isScalar = booleans === 0 && items === null && fields === null && (numbers === null || texts === null);
  return {
    title: name,
    type: schemaOf(shape, name),
    isNullable: isNullableIn(shape, objects),
    distinct: kinds?.distinct.size ?? 0,
    values: Math.min(kinds?.texts ?? 0, 100_000),
    time: isScalar && kinds !== undefined && kinds.blanks.size === 0 ? timeOf(name, kinds, kinds.kind()) : null,
  };
}
