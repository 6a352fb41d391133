/**
 * Reads a record by code that is generated for the pair of schemas, so that each event is made at once, with its fields in
 * the reader's order. The generated code holds no text of the schemas but the names of the reader's fields, as JSON.
 */

import { type Cursor, charge, claimEmpty, goDeeper, misfit, type Read, readLong, within } from './avro-cursor.ts';
import { defaultOf } from './avro-default.ts';
import { type FieldType, type RecordType, type SchemaType, typeText } from './avro-schema.ts';
import type { Skip } from './avro-skip.ts';

export type Resolved = { readonly ok: true; readonly read: Read } | Unresolved;

export interface Unresolved {
  readonly ok: false;
  /** Names of fields, from the outside in. */
  readonly path: readonly string[];
  readonly problem: string;
  /** The types match but their meanings differ: the numbers would be silently wrong. */
  readonly isLogical: boolean;
}

export interface Resolver {
  readonly resolve: (writer: SchemaType, reader: SchemaType) => Resolved;
  readonly skipOf: (type: SchemaType) => Skip;
}

const RECORD_BYTES = 32;
const FIELD_BYTES = 16;

/** One field of the writer's: read into a field of the reader's, or skipped. */
type Step = { readonly field: number; readonly read: Read } | { readonly skip: Skip };

/** A null in the field `keyField` is a misfit of its own. */
export function recordReader(writer: RecordType, reader: RecordType, keyField: string | null, by: Resolver): Resolved {
  const sources = reader.fields.map((field) => sourceOf(field, writer));
  const steps: Step[] = [];
  for (const written of writer.fields) {
    const n = sources.indexOf(written.name);
    const field = reader.fields[n];
    if (field === undefined) {
      steps.push({ skip: by.skipOf(written.type) });
      continue;
    }
    const resolved = by.resolve(written.type, field.type);
    if (!resolved.ok) return { ...resolved, path: [field.name, ...resolved.path] };
    steps.push({ field: n, read: field.name === keyField ? keyReader(written.type, resolved.read) : resolved.read });
  }
  const defaults: unknown[] = [];
  for (const [n, field] of reader.fields.entries()) {
    if (sources[n] !== null) continue;
    if (!field.hasDefault) return absent(field, writer);
    defaults[n] = defaultOf(field);
  }
  const read = generated(reader, merged(steps), defaults);
  // Records without bytes cost nothing, so nested types could claim any number of them.
  if (writer.leastBytes > 0) return { ok: true, read };
  return {
    ok: true,
    read: (c) => {
      claimEmpty(c, 1);
      return read(c);
    },
  };
}

/** The writer's field of this name, else of one of its aliases. */
function sourceOf({ name, aliases }: FieldType, writer: RecordType): string | null {
  const names = [name, ...aliases];
  return names.find((candidate) => writer.fields.some((field) => field.name === candidate)) ?? null;
}

function absent({ name, type }: FieldType, writer: RecordType): Resolved {
  const known = writer.fields
    .map((field) => field.name)
    .join(', ')
    .slice(0, 200);
  const problem = `is ${typeText(type)} without a default in the stream's schema, and the file has none; it has ${known}`;
  return { ok: false, path: [name], problem, isLogical: false };
}

const NULL_KEY = 'is the key and is null';

/** Reports a null key as such, whether the reader's field may be null or not. */
function keyReader(written: SchemaType, read: Read): Read {
  const nullBranch = written.kind === 'union' ? written.branches.findIndex(({ kind }) => kind === 'null') : -1;
  if (written.kind === 'null') return (c) => misfit(c, 'null-key', NULL_KEY);
  if (nullBranch < 0) return read;
  return (c) => {
    const start = c.at;
    if (readLong(c) === nullBranch) return misfit(c, 'null-key', NULL_KEY);
    c.at = start;
    return read(c);
  };
}

/** Makes one step of skipped fields that follow one another. */
function merged(steps: readonly Step[]): Step[] {
  const result: Step[] = [];
  let skips: Skip[] = [];
  const flush = (): void => {
    const own = skips;
    const [only] = own;
    if (only !== undefined) result.push({ skip: own.length === 1 ? only : (c) => skipAll(c, own) });
    skips = [];
  };
  for (const step of steps) {
    if ('skip' in step) skips.push(step.skip);
    else {
      flush();
      result.push(step);
    }
  }
  flush();
  return result;
}

function skipAll(c: Cursor, skips: readonly Skip[]): void {
  for (const skip of skips) skip(c);
}

function generated({ fields }: RecordType, steps: readonly Step[], defaults: readonly unknown[]): Read {
  const memoryBytes = RECORD_BYTES + FIELD_BYTES * fields.length;
  const names = fields.map(({ name }) => (name === '__proto__' ? `["__proto__"]` : JSON.stringify(name)));
  const values = fields.map((_, n) => (n in defaults ? `defaults[${n}]` : `v${n}`));
  const code = [
    ...steps.map((_, i) => `const step${i} = steps[${i}];`),
    'return (c) => {',
    `if (!goDeeper(c)) return null;`,
    `charge(c, ${memoryBytes});`,
    ...steps.map((step, i) => {
      if ('skip' in step) return `step${i}(c);`;
      return `const v${step.field} = step${i}(c); if (c.failed) return within(c, ${JSON.stringify(fields[step.field]?.name)});`;
    }),
    'c.depth -= 1;',
    `return { ${names.map((name, n) => `${name}: ${values[n]}`).join(', ')} };`,
    '};',
  ].join('\n');
  const calls = steps.map((step) => ('skip' in step ? step.skip : step.read));
  const make: unknown = new Function('steps', 'defaults', 'goDeeper', 'charge', 'within', code)(
    calls,
    defaults,
    goDeeper,
    charge,
    within,
  );
  if (!isRead(make)) throw new Error('The generated reader is no function');
  return make;
}

function isRead(value: unknown): value is Read {
  return typeof value === 'function';
}
